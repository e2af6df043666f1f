import type * as library from '../../src/index.js'
import type * as inspect from '../../src/inspect/index.js'
import type * as pageDocument from '../../src/inspect/page-document.js'
import type * as server from '../../src/inspect/server/serve-inspector.js'
import type * as sources from '../../src/inspect/sources/workspace-source.js'
import type * as testing from '../../src/testing/index.js'
import { builtFile } from '../built-file.js'

/** A module as it is built: the page's script and style exist only there, and there is one copy of everything. */
async function built<Module>(path: string): Promise<Module> {
  return (await import(builtFile(path))) as Module
}

export const { openWorkspace, reconcileWorkspace, submitRequests, watchWorkspace } =
  await built<typeof library>('index.js')
export const { exportWorkspace, inspectJournal, inspectLive, inspectWorkspace } =
  await built<typeof inspect>('inspect/index.js')
export const { createFakeBatchServer, generateWorkspace, everyKindOfTriple } =
  await built<typeof testing>('testing/index.js')
export const { pageDocument: makePageDocument, readPageAssets } =
  await built<typeof pageDocument>('inspect/page-document.js')
export const { serveInspector } = await built<typeof server>('inspect/server/serve-inspector.js')
export const { workspaceSource } = await built<typeof sources>('inspect/sources/workspace-source.js')
