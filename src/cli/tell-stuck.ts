import type { Clock } from '../clock.js'
import type { ReportEvent } from '../engine/events.js'
import { storyOf } from '../engine/triple-story.js'
import { liveSource } from '../inspect/sources/live-source.js'
import { workspaceSource } from '../inspect/sources/workspace-source.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { stuckText } from './render/stuck-text.js'
import type { Style } from './render/style.js'

/** Where the stories of a watch go. */
export interface StoryWriter {
  readonly clock: Clock
  readonly style: Style
  readonly write: (text: string) => void
}

/**
 * Tells of each triple that is stuck when the watch begins to wait for the server, in the words of `status`: once,
 * and again when the reason is another one. Gives what hears the events of the watch.
 */
export async function stuckTeller(
  workspace: BatchWorkspace,
  { clock, style, write }: StoryWriter,
): Promise<ReportEvent> {
  const disk = await workspaceSource(workspace, { clock })
  const source = liveSource(disk, { clock })
  const told = new Map<string, string>()
  return (event) => {
    source.onEvent(event)
    if (event.type !== 'poll.scheduled') return
    const news = source.summaries().flatMap((triple) => {
      const story = storyOf(triple, clock.now())
      const reason = `${story.stuck} ${triple.problem?.code}`
      if (told.get(triple.index) === reason) return []
      told.set(triple.index, reason)
      return story.stuck === null ? [] : [{ triple, story }]
    })
    write(stuckText(news, style))
  }
}
