import { join } from 'node:path'
import { onFirstUse } from '../../on-first-use.js'
import { asFileProblem } from '../file-problem.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { readSmallFile } from '../read-whole-file.js'
import { removeIfThere } from '../remove-if-there.js'
import { listOrNothing } from '../scan.js'
import { systemErrorCode } from '../system-error-code.js'
import type { LeaseRecord, WorkerRecord } from './worker-schema.js'

/**
 * What stands in `.batch-reconciler.workers/`: a record of each worker, the leases, and for each lease a folder in which
 * its owner writes what it is about to put in place. Names of triples are numbers or UUIDs, so they are safe in paths.
 */
export interface WorkerFiles {
  /** Tokens of the workers that say they are at work. */
  readonly tokens: readonly string[]
  readonly leases: readonly LeaseFile[]
  readonly folders: readonly StagingFolder[]
}

export interface LeaseFile {
  /** What it is for. */
  readonly name: string
  /** When it was taken, in milliseconds since 1970, or more: it grows with each takeover. */
  readonly number: number
}

export interface StagingFolder extends LeaseFile {
  readonly token: string
}

export const workerPath = ({ layout }: BatchWorkspace, token: string): string =>
  join(layout.workers, `worker.${token}.json`)

export const leasePath = ({ layout }: BatchWorkspace, { name, number }: LeaseFile): string =>
  join(layout.workers, `lease.${name}.${number}.json`)

export const stagingPath = ({ layout }: BatchWorkspace, { name, number, token }: StagingFolder): string =>
  join(layout.workers, `staging.${name}.${number}.${token}`)

/** Which inputs workers have begun to send; see `ClaimLog`. */
export const claimsPath = ({ layout }: BatchWorkspace): string => join(layout.workers, 'claims')

/** Lists the folder; without one nobody works. Rejects with a problem. */
export async function listWorkerFiles(workspace: BatchWorkspace): Promise<WorkerFiles> {
  return workerFilesAmong(await namesIn(workspace))
}

/** The leases of one name, and the folders for them. Rejects with a problem. */
export async function listLeases(
  workspace: BatchWorkspace,
  name: string,
): Promise<Pick<WorkerFiles, 'leases' | 'folders'>> {
  const names = await namesIn(workspace)
  // Most of what stands there is of other triples, and need not be taken apart.
  const { leases, folders } = workerFilesAmong(
    names.filter((each) => each.startsWith(`lease.${name}.`) || each.startsWith(`staging.${name}.`)),
  )
  const isOfName = (each: LeaseFile): boolean => each.name === name
  return { leases: leases.filter(isOfName), folders: folders.filter(isOfName) }
}

async function namesIn(workspace: BatchWorkspace): Promise<readonly string[]> {
  return (await listOrNothing(workspace, workspace.layout.workers)).map(({ name }) => name)
}

function workerFilesAmong(names: readonly string[]): WorkerFiles {
  const tokens: string[] = []
  const leases: LeaseFile[] = []
  const folders: StagingFolder[] = []
  for (const name of names) {
    const worker = /^worker\.([0-9a-f]{32})\.json$/.exec(name)
    if (worker !== null) tokens.push(worker[1] as string)
    const lease = /^lease\.(.+)\.(\d{1,15})\.json$/.exec(name)
    if (lease !== null) leases.push({ name: lease[1] as string, number: Number(lease[2]) })
    const folder = /^staging\.(.+)\.(\d{1,15})\.([0-9a-f]{32})$/.exec(name)
    if (folder !== null) {
      folders.push({ name: folder[1] as string, number: Number(folder[2]), token: folder[3] as string })
    }
  }
  return { tokens, leases, folders }
}

const loadSchemas = onFirstUse(() => import('./worker-schema.js'))

/** More than any record of ours. */
const mostRecordBytes = 64 * 1024

export type Read<Record> =
  | { readonly type: 'record'; readonly record: Record }
  | { readonly type: 'absent' }
  /** Something stands there that says nothing. */
  | { readonly type: 'unreadable' }

/** Reads the record of a worker. Rejects with the system's error. */
export async function readWorker(workspace: BatchWorkspace, token: string): Promise<Read<WorkerRecord>> {
  const { workerSchema } = await loadSchemas()
  return readRecord(workspace, workerPath(workspace, token), (value) => workerSchema.safeParse(value))
}

/** Reads the record of a lease. Rejects with the system's error. */
export async function readLease(workspace: BatchWorkspace, lease: LeaseFile): Promise<Read<LeaseRecord>> {
  const { leaseSchema } = await loadSchemas()
  const read = await readRecord(workspace, leasePath(workspace, lease), (value) =>
    leaseSchema.safeParse(value),
  )
  return read.type === 'record' ? { ...read, record: { ...read.record, taken_at_ms: lease.number } } : read
}

/**
 * Removes what workers left that were killed while they sat down: records without their content, and such that never got
 * their name. For who has the lock file: nobody else sits down then. Rejects with the system's error.
 */
export async function removeTornRecords(workspace: BatchWorkspace): Promise<void> {
  const { fileSystem, layout } = workspace
  for (const name of await namesIn(workspace)) {
    const [, token, isPrepared] = /^worker\.([0-9a-f]{32})\.json(\.new)?$/.exec(name) ?? []
    if (token === undefined) continue
    const read = await readWorker(workspace, token)
    const isTorn = read.type === 'unreadable' || (read.type === 'absent' && isPrepared !== undefined)
    if (isTorn) await removeIfThere(fileSystem, join(layout.workers, name))
  }
}

type Parsed<Record> = { readonly success: true; readonly data: Record } | { readonly success: false }

async function readRecord<Record>(
  { fileSystem }: BatchWorkspace,
  path: string,
  parse: (value: unknown) => Parsed<Record>,
): Promise<Read<Record>> {
  const read = await readSmallFile(fileSystem, path, mostRecordBytes)
  if (read.type === 'absent') return { type: 'absent' }
  const parsed = read.type === 'content' ? parse(jsonOrNull(read.content)) : { success: false as const }
  return parsed.success ? { type: 'record', record: parsed.data } : { type: 'unreadable' }
}

function jsonOrNull(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

/**
 * Empties a staging folder and takes it away: from then on nothing that its owner wrote there can be put in place, and
 * nothing new can be written there. Whoever still writes has its file taken away as well. False when somebody else has taken
 * it away.
 */
export async function removeStagingFolder(workspace: BatchWorkspace, path: string): Promise<boolean> {
  const { fileSystem } = workspace
  for (let rounds = 0; ; rounds += 1) {
    try {
      // First, because it refuses a symbolic link: what that leads to is not ours to empty.
      await fileSystem.removeDirectory(path)
      return true
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOENT') return false
      if (code === 'ENOTDIR') {
        await removeIfThere(fileSystem, path)
        return true
      }
      // Emptied it is at any rate: nothing may be put in place out of a folder that stays.
      const isInUse = code !== 'ENOTEMPTY' && rounds > 0
      if (isInUse || rounds >= mostRounds) throw error
    }
    for (const { name } of await listOrNothing(workspace, path))
      await removeIfThere(fileSystem, join(path, name))
  }
}

/** A worker writes a few files a second. */
const mostRounds = 100

/** Takes the folder of all workers away when nothing stands in it any more. Rejects with a problem. */
export async function removeWorkersFolder(workspace: BatchWorkspace): Promise<void> {
  const { fileSystem, layout } = workspace
  const path = layout.workers
  const { tokens, leases, folders } = await listWorkerFiles(workspace)
  if (tokens.length + leases.length + folders.length > 0) return
  const claims = claimsPath(workspace)
  await removeIfThere(fileSystem, claims).catch(asFileProblem({ path: claims, action: 'remove' }))
  await fileSystem.removeDirectory(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return
    return asFileProblem({ path, action: 'remove' })(error)
  })
}

/** Where the folder is a link to some other one, files of that stand beside ours. */
const isOurs = /^(?:worker\.[0-9a-f]{32}\.json|lease\..+\.\d{1,15}\.json|claims)/

/** Removes everything of ours in it, for who knows that no worker is at work. Rejects with a problem. */
export async function removeAllWorkerFiles(workspace: BatchWorkspace): Promise<void> {
  const { fileSystem, layout } = workspace
  const { folders } = await listWorkerFiles(workspace)
  const remove = async (): Promise<void> => {
    for (const folder of folders) await removeStagingFolder(workspace, stagingPath(workspace, folder))
    for (const { name, kind } of await listOrNothing(workspace, layout.workers)) {
      if (kind === 'file' && isOurs.test(name)) await removeIfThere(fileSystem, join(layout.workers, name))
    }
  }
  await remove().catch(asFileProblem({ path: layout.workers, action: 'remove' }))
  await removeWorkersFolder(workspace)
}
