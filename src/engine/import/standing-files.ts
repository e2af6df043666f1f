import { fileKinds, type FileKind } from '../../../machines/index.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import { readMetadata } from '../../workspace/metadata.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { hashFile } from '../../workspace/read-whole-file.js'
import { scanDone } from '../../workspace/scan-done.js'
import { scanWorkspace } from '../../workspace/scan.js'
import { readLooseFile, type LooseFile } from './loose-file.js'

/** A file of a triple in `workdir/` or `done/` whose bytes are those of a loose one. */
export interface StandingFile {
  /** Absolute. */
  readonly path: string
  readonly index: BatchIndex
  readonly kind: Exclude<FileKind, 'metadata'>
  /** The input of its triple stands there too. */
  readonly hasInput: boolean
}

/** Which loose files stand in the workspace already, byte for byte and under whatever index. */
export async function findStanding(
  workspace: BatchWorkspace,
  files: readonly LooseFile[],
): Promise<ReadonlyMap<LooseFile, StandingFile>> {
  const withRows = files.filter(({ rows }) => rows > 0)
  const found = new Map<LooseFile, StandingFile>()
  if (withRows.length === 0) return found
  const lookUp = await standingByBytes(workspace)
  for (const file of withRows) {
    const [standing] = await lookUp(file)
    if (standing !== undefined) found.set(file, standing)
  }
  return found
}

/** Looks up which files of the workspace have the same bytes as another one. */
export type StandingLookup = (file: Pick<LooseFile, 'bytes' | 'sha256'>) => Promise<readonly StandingFile[]>

/** One look at each file of a triple; hashed is only what has the size of a file that is looked up, and once. */
export async function standingByBytes(workspace: BatchWorkspace): Promise<StandingLookup> {
  const { fileSystem } = workspace
  const bySize = new Map<number, StandingFile[]>()
  for (const standing of await standingFiles(workspace)) {
    const { path } = standing
    const found = await fileSystem.stat(path).catch(asFileProblem({ path, action: 'read' }))
    if (found?.kind !== 'file') continue
    const alike = bySize.get(found.bytes)
    if (alike === undefined) bySize.set(found.bytes, [standing])
    else alike.push(standing)
  }
  const hashes = new Map<string, string>()
  const hashOf = async (path: string): Promise<string> => {
    const sha256 =
      hashes.get(path) ?? (await hashFile(fileSystem, path).catch(asFileProblem({ path, action: 'read' })))
    hashes.set(path, sha256)
    return sha256
  }
  return async ({ bytes, sha256 }) => {
    const same: StandingFile[] = []
    for (const standing of bySize.get(bytes) ?? [])
      if ((await hashOf(standing.path)) === sha256) same.push(standing)
    return same
  }
}

/**
 * The inputs of `workdir/`, for answers that fit none of those that are brought: somebody downloads the answers to what
 * was imported or submitted before.
 *
 * @param brought inputs that are looked at already; the same bytes are not looked at twice
 */
export async function readStandingInputs(
  workspace: BatchWorkspace,
  brought: readonly LooseFile[],
  signal: AbortSignal,
): Promise<readonly LooseFile[]> {
  const known = new Set(brought.map(({ sha256 }) => sha256))
  const found: LooseFile[] = []
  for (const triple of (await scanWorkspace(workspace)).triples) {
    if (triple.input === null) continue
    const file = await readLooseFile(workspace.fileSystem, triple.input, signal)
    if (file.kind !== 'requests' || known.has(file.sha256)) continue
    // What is wrong with metadata is for the run to say.
    const metadata = await readMetadata(workspace, triple).catch(() => null)
    const batchId = metadata?.batch_id ?? null
    found.push(batchId === null ? file : { ...file, batchIds: [batchId] })
  }
  return found
}

async function standingFiles(workspace: BatchWorkspace): Promise<readonly StandingFile[]> {
  const triples = [...(await scanWorkspace(workspace)).triples, ...(await scanDone(workspace))]
  return triples.flatMap((triple) =>
    fileKinds.flatMap((kind) => {
      const path = triple[kind]
      return kind === 'metadata' || path === null
        ? []
        : [{ path, index: triple.index, kind, hasInput: triple.input !== null }]
    }),
  )
}
