import type { Clock } from '../clock.js'
import type { ReportEvent } from '../engine/events.js'
import { knownStandings } from '../engine/known-standings.js'
import { storyOf, stuckReason } from '../engine/triple-story.js'
import { compareBatchIndices } from '../workspace/batch-index.js'
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
  const standings = await knownStandings(workspace, clock)
  const told = new Map<string, string>()
  const tellNews = (nextPollAtMs: number): void => {
    const nowMs = clock.now()
    const news = [...standings.all(nextPollAtMs)].flatMap((standing) => {
      const stuck = stuckReason(standing, nowMs)
      const { index, problem } = standing
      const reason = `${stuck} ${problem?.code}`
      if (stuck === null) told.delete(index)
      if (stuck === null || told.get(index) === reason) return []
      told.set(index, reason)
      return [{ triple: { index, problem }, story: storyOf(standing, nowMs, workspace.root) }]
    })
    const inOrder = news.toSorted((left, right) => compareBatchIndices(left.triple.index, right.triple.index))
    write(stuckText(inOrder, style))
  }
  return (event) => {
    standings.onEvent(event)
    if (event.type === 'triple.gone') told.delete(event.index)
    if (event.type === 'poll.scheduled') tellNews(clock.now() + event.delayMs)
  }
}
