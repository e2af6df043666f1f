import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reconciliationError, type BatchReconciliationError } from '../errors.js'
import { parseBatchFileName } from '../workspace/file-names.js'
import { workspaceDirectories, workspaceLayout } from '../workspace/layout.js'
import { acquireWorkspaceLock } from '../workspace/hold-workspace.js'
import { readMetadata } from '../workspace/metadata.js'
import { openWorkspace, type BatchWorkspace } from '../workspace/open-workspace.js'
import { systemErrorCode } from '../workspace/system-error-code.js'

/**
 * Opens a folder for the demo, empty: a new one, or one that an earlier demo made and nobody else put batches into.
 *
 * @throws WrongUsage for any other folder that holds something, WorkspaceLocked when a run is at work in it
 */
export async function openDemoFolder(root: string): Promise<BatchWorkspace> {
  const names = await namesIn(root)
  if (names.length > 0) await clearEarlierDemo(root, names)
  return openWorkspace(root, { create: true })
}

/** Notes which triples are the demo's own, so that a later demo knows what it may delete. */
export async function markDemoFolder({ root }: BatchWorkspace, indices: readonly string[]): Promise<void> {
  const { name, text } = demoMark(indices)
  await writeFile(join(root, name), text)
}

/** The file that says which triples of a folder are the demo's own. */
export function demoMark(indices: readonly string[]): { readonly name: string; readonly text: string } {
  const mark = { about: 'Made by `batch-reconciler demo`, which deletes and remakes it.', indices }
  return { name: markName, text: `${JSON.stringify(mark)}\n` }
}

/** The part of the demo that needs a server has a workspace of its own in the demo's folder. */
export const onlineFolder = 'online'

const markName = '.batch-demo.json'

async function namesIn(root: string): Promise<readonly string[]> {
  try {
    return await readdir(root)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    if (systemErrorCode(error) === 'ENOTDIR') throw notOurs(root, 'is a file')
    throw error
  }
}

async function clearEarlierDemo(root: string, names: readonly string[]): Promise<void> {
  if (!names.includes(markName)) throw notOurs(root, 'is not empty, and no demo made it')
  const workspace = await openWorkspace(root, { create: true })
  const lock = await acquireWorkspaceLock(workspace)
  try {
    await requireNothingElse(workspace)
    if (names.includes(onlineFolder)) await clearOnline(join(root, onlineFolder))
    for (const directory of workspaceDirectories(workspace.layout)) {
      await rm(directory, { recursive: true, force: true })
    }
  } finally {
    await lock.release()
  }
}

/** An empty one is what a demo leaves that was stopped before its second part. */
async function clearOnline(root: string): Promise<void> {
  const names = await namesIn(root)
  if (names.length > 0) await clearEarlierDemo(root, names)
}

/** Somebody may have put batches of their own into the demo's folder. */
async function requireNothingElse(workspace: BatchWorkspace): Promise<void> {
  const { root } = workspace
  const { workdir, done } = workspaceLayout(root)
  const ours = await markedIndices(root)
  for (const name of [...(await readdir(workdir)), ...(await readdir(done))]) {
    const file = parseBatchFileName(name)
    if (file.type !== 'batch-file' || ours.has(file.index)) continue
    if (!ours.has(await rootOf(workspace, file.index)))
      throw notOurs(root, `holds ${name}, which no demo made`)
  }
}

/** A demo that was stopped may have had no time to note the retries it made; their metadata names their root. */
async function rootOf(workspace: BatchWorkspace, index: string): Promise<string> {
  const { layout } = workspace
  const inWorkdir = await readMetadata(workspace, layout.workdirFile('metadata', index))
  const metadata = inWorkdir ?? (await readMetadata(workspace, layout.doneFile('metadata', index)))
  return metadata?.root_index ?? index
}

async function markedIndices(root: string): Promise<ReadonlySet<string>> {
  const mark: { readonly indices: readonly string[] } = JSON.parse(
    await readFile(join(root, markName), 'utf8'),
  )
  return new Set(mark.indices)
}

function notOurs(root: string, fault: string): BatchReconciliationError {
  return reconciliationError({
    code: 'WrongUsage',
    message: `${root} ${fault}; the demo makes its folder anew each time and deletes nothing of yours.`,
    hint: 'Name another folder (batch-reconciler demo <folder>), or remove this one yourself.',
    facts: { root },
  })
}
