import type { TripleSnapshot } from '../../machines/index.js'
import { systemClock, type Clock } from '../clock.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import { bothInspect, neverThrows } from '../engine/observe-actor.js'
import { createTripleCommands } from '../engine/triple-commands.js'
import type { WatchOptions } from '../engine/watch-workspace.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { InspectionSource } from './inspection-source.js'
import { pageDocument, readPageAssets } from './page-document.js'
import { serveInspector } from './server/serve-inspector.js'
import { journalSource } from './sources/journal-source.js'
import { liveSource } from './sources/live-source.js'
import { workspaceSource } from './sources/workspace-source.js'
import { xstateInspectBridge } from './xstate-inspect/xstate-inspect-bridge.js'

export interface InspectorOptions {
  /** Of 127.0.0.1; any free one unless given. */
  readonly port?: number | undefined
  readonly clock?: Clock | undefined
}

/** A page that is served on this machine only, until it is closed. */
export interface Inspector {
  /** With the token that every request needs: whoever has the address sees the workspace. */
  readonly url: string
  close(): Promise<void>
}

/** The inspector of a run in this process. */
export interface LiveInspector extends Inspector {
  /** The address that viewers of `@xstate/inspect` connect to; with the token. */
  readonly xstateInspectUrl: string
  /** The options of the run, with what the inspector has to hear and to say. */
  attach<Options extends object, Content = unknown, Type extends ExpectedContentType = 'text'>(
    options: Options & WatchOptions<Content, Type>,
  ): Options & WatchOptions<Content, Type>
  /** The run is over; the page stays, and its buttons do nothing any more. */
  end(): void
}

/**
 * Shows a workspace as it stands on disk, read-only, also while another process works on it.
 *
 * @example
 * const inspector = await inspectWorkspace(await openWorkspace('./batches'))
 * console.log(inspector.url)
 */
export async function inspectWorkspace(
  workspace: BatchWorkspace,
  options: InspectorOptions = {},
): Promise<Inspector> {
  return serveSource(await workspaceSource(workspace, clockOf(options)), options)
}

/** Shows one journal for stepping through; the file may come from anywhere. */
export async function inspectJournal(path: string, options: InspectorOptions = {}): Promise<Inspector> {
  return serveSource(await journalSource(path), options)
}

/**
 * Shows a run of this process as it goes, with buttons that reach its triples.
 *
 * @example
 * const inspector = await inspectLive(workspace)
 * await watchWorkspace(workspace, inspector.attach({ client }))
 * await inspector.close()
 */
export async function inspectLive(
  workspace: BatchWorkspace,
  options: InspectorOptions = {},
): Promise<LiveInspector> {
  const { clock } = clockOf(options)
  const commands = createTripleCommands()
  const disk = await workspaceSource(workspace, { clock })
  const source = liveSource(disk, { clock, commands })
  const bridge = xstateInspectBridge({
    // By way of the run, which sees to it that not too many triples work at once.
    send: (actor, { type }) => {
      const { index } = (actor.getSnapshot() as TripleSnapshot).context
      if (type === 'triple.rescan' || type === 'triple.retry') source.command?.(index, type)
    },
  })
  const server = await serveSource(source, options, (socket) => bridge.connect(socket))
  const url = new URL(server.url)
  return {
    ...server,
    xstateInspectUrl: `ws://${url.host}/xstate-inspect${url.search}`,
    attach: (run) => ({
      ...run,
      commands,
      inspect: bothInspect(bridge.inspect, neverThrows(run.inspect)),
      onEvent: (event) => {
        source.onEvent(event)
        run.onEvent?.(event)
      },
    }),
    end: () => source.end(),
    close: async () => {
      bridge.close()
      await server.close()
    },
  }
}

async function serveSource(
  source: InspectionSource,
  { port, clock }: InspectorOptions,
  connectViewer?: Parameters<typeof serveInspector>[0]['connectViewer'],
): Promise<Inspector> {
  const title = `${source.title} – batch-reconciler`
  const document = pageDocument({ ...(await readPageAssets()), title, data: null })
  const server = await serveInspector({ source, document, connectViewer, port, clock })
  return {
    url: server.url,
    close: async () => {
      await server.close()
      source.close()
    },
  }
}

const clockOf = ({ clock = systemClock }: InspectorOptions): { readonly clock: Clock } => ({ clock })
