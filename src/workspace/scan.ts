import { join } from 'node:path'
import { fileKinds } from '../../machines/index.js'
import type { BatchIndex } from './batch-index.js'
import { compareBatchIndices } from './batch-index.js'
import type { BatchFileName } from './file-names.js'
import { parseBatchFileName } from './file-names.js'
import { asFileProblem } from './file-problem.js'
import type { DirectoryEntry } from './file-system.js'
import type { BatchWorkspace } from './open-workspace.js'
import { shellWord } from './shell-word.js'
import { systemErrorCode } from './system-error-code.js'
import type { BatchFileTriple, TripleDraft } from './triple.js'
import { emptyTriple, notARegularFile } from './triple.js'

/** Something in `workdir/` that looks like a batch file and is not used. It stops nothing. */
export interface ScanWarning {
  /** Absolute. */
  readonly path: string
  readonly message: string
}

export interface WorkspaceScan {
  /** Numbers by value, then UUIDs. */
  readonly triples: readonly BatchFileTriple[]
  readonly warnings: readonly ScanWarning[]
}

/**
 * Groups what stands in `workdir/` into triples: one listing of it and one of `done/`, nothing per file, so that
 * 100,000 names take a fraction of a second. A missing directory counts as an empty one.
 */
export async function scanWorkspace(workspace: BatchWorkspace): Promise<WorkspaceScan> {
  const { workdir, done } = workspace.layout
  const scan: Scan = { workspace, workdir, triples: new Map(), warnings: [], lateSpellings: [] }
  for (const entry of await listOrNothing(workspace, workdir)) addEntry(scan, entry)
  for (const { entry, file } of scan.lateSpellings) addSecondSpelling(scan, entry, file)
  for (const entry of await listOrNothing(workspace, done)) noteInDone(scan, entry)
  const triples = [...scan.triples.values()].toSorted((left, right) =>
    compareBatchIndices(left.index, right.index),
  )
  return { triples, warnings: scan.warnings.toSorted((left, right) => (left.path < right.path ? -1 : 1)) }
}

type BatchFile = Extract<BatchFileName, { type: 'batch-file' }>

interface Scan {
  readonly workspace: BatchWorkspace
  readonly workdir: string
  readonly triples: Map<BatchIndex, TripleDraft>
  readonly warnings: ScanWarning[]
  /** Upper-case UUIDs wait until every canonical name is known: those win. */
  readonly lateSpellings: { readonly entry: DirectoryEntry; readonly file: BatchFile }[]
}

/** Names in a directory; none when it is missing. */
export async function listOrNothing(
  workspace: BatchWorkspace,
  path: string,
): Promise<readonly DirectoryEntry[]> {
  try {
    return await workspace.fileSystem.list(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    return asFileProblem({ path, action: 'list' })(error)
  }
}

function addEntry(scan: Scan, entry: DirectoryEntry): void {
  const file = parseBatchFileName(entry.name)
  if (file.type === 'near-miss') warn(scan, entry, `is not used: ${file.reason}`)
  if (file.type === 'loose') warn(scan, entry, `is not used: ${bringInText(scan.workspace)}`)
  if (file.type !== 'batch-file') return
  if (file.isCanonical) addFile(scan, entry, file)
  else scan.lateSpellings.push({ entry, file })
}

function addSecondSpelling(scan: Scan, entry: DirectoryEntry, file: BatchFile): void {
  const standing = scan.triples.get(file.index)?.[file.kind] ?? null
  if (standing === null) addFile(scan, entry, file)
  else warn(scan, entry, `is not used: ${standing} has the same UUID in lower case`)
}

function addFile(scan: Scan, entry: DirectoryEntry, { kind, index }: BatchFile): void {
  const triple = scan.triples.get(index) ?? emptyTriple(scan.workspace, index)
  const path = join(scan.workdir, entry.name)
  scan.triples.set(index, triple)
  triple[kind] = path
  if (entry.kind === 'file') return
  triple.problems.push(notARegularFile(index, path, entry.kind))
  warn(
    scan,
    entry,
    `is ${entry.kind === 'directory' ? 'a directory' : 'no regular file'}; a file was expected`,
  )
}

function noteInDone({ triples }: Scan, { name }: DirectoryEntry): void {
  const file = parseBatchFileName(name)
  if (file.type !== 'batch-file' || !file.isCanonical) return
  const triple = triples.get(file.index)
  if (triple !== undefined) triple.inDone[file.kind] = true
}

function warn(scan: Scan, { name }: DirectoryEntry, message: string): void {
  scan.warnings.push({ path: join(scan.workdir, name), message: `workdir/${name} ${message}.` })
}

/** True when nothing of the index stands in `workdir/`. */
export function isEmptyTriple(triple: BatchFileTriple): boolean {
  return fileKinds.every((kind) => triple[kind] === null)
}

/** Where the command tells what a file of any name is, and what belongs to it. */
function bringInText({ root, layout }: BatchWorkspace): string {
  const command = `batch-reconciler import ${shellWord(layout.workdir)} ${shellWord(root)}`
  return `it has not the name of a batch file; \`${command}\` brings it in with what belongs to it`
}
