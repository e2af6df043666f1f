import type { Problem } from '../../../machines/index.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import { acquireWorkspaceLock } from '../../workspace/hold-workspace.js'
import { createWorkspaceDirectories, type BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReportEvent } from '../events.js'
import { withReadingRun, type ReadingRun } from '../run.js'
import { bringIn, giveUpSource, type BringInOptions, type BroughtIn } from './bring-in.js'
import { findFiles } from './find-files.js'
import { findFits, isWhole } from './fits.js'
import { hasAnswers, readLooseFile, type LooseFile, type LooseKind } from './loose-file.js'
import { findStanding, readStandingInputs } from './standing-files.js'
import { planImport, type ImportPlan, type PlannedTriple } from './plan-import.js'

export interface ImportOptions {
  /** Say what would be done, and do nothing. */
  readonly isDryRun?: boolean | undefined
  /** Remove each source once its copy is proven. */
  readonly shouldMove?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/** One file, and what became of it. */
export interface ImportedFile {
  /** Absolute. */
  readonly path: string
  readonly kind: LooseKind
  /** Lines with an id, and lines that nobody can read. */
  readonly rows: number
  readonly unreadable: number
  /** `here`: it stood in the workspace already, byte for byte. */
  readonly fate: 'imported' | 'here' | 'left-over'
  /** The triple that it is of. */
  readonly index: BatchIndex | null
  /** Requests of the triple that it answers; of the input all that it holds. */
  readonly matched: number | null
  /** Why it was left over. */
  readonly why: string | null
  /** True for a file that is left over and may be missed. */
  readonly isMissed: boolean
  /** What to do about a file that is written in another way; `null` where `why` says all. */
  readonly whatToDo: string | null
}

/** One triple that was put together. */
export interface ImportedTriple {
  readonly index: BatchIndex
  readonly requests: number
  readonly result: BroughtIn['type']
  readonly problem: Problem | null
}

export interface ImportReport {
  readonly files: readonly ImportedFile[]
  readonly triples: readonly ImportedTriple[]
  readonly isDryRun: boolean
}

/**
 * Brings files of any names into the workspace: tells by their lines what each is, pairs answers with requests by their
 * ids, and copies what fits wholly into `workdir/`. Nothing is guessed or overwritten, and to do it twice changes nothing.
 *
 * @param from files and folders
 * @throws WorkspaceLocked, WrongUsage
 */
export function importFiles(
  workspace: BatchWorkspace,
  from: readonly string[],
  options: ImportOptions = {},
): Promise<ImportReport> {
  return withReadingRun(workspace, options, async (run, { isDryRun, shouldMove }) => {
    const files = await readAll(run, from)
    const inputs = files.filter(({ kind }) => kind === 'requests')
    const answers = files.filter(hasAnswers)
    const fits = await findFits(workspace.fileSystem, inputs, answers, run.signal)
    const wholly = new Set(fits.filter(isWhole).map((fit) => fit.answers))
    const standing = await findStanding(workspace, files)
    const unfit = answers.filter((file) => !standing.has(file) && !wholly.has(file))
    const others = unfit.length === 0 ? [] : await readStandingInputs(workspace, inputs, run.signal)
    const otherFits = await findFits(workspace.fileSystem, others, unfit, run.signal)
    const plan = planImport(files, [...fits, ...otherFits], standing, others)
    const { triples } = plan
    const moving = { isDryRun, shouldMove, signal: run.signal }
    const results = await bringAllIn(workspace, plan, moving)
    return {
      files: filesOf(files, plan, results, moving),
      triples: triplesOf(triples, results),
      isDryRun,
    }
  })
}

async function readAll(
  { workspace, signal, report }: ReadingRun,
  from: readonly string[],
): Promise<readonly LooseFile[]> {
  const paths = await findFiles(workspace, from)
  report({ type: 'workspace.scanned', triples: paths.length, totalBytes: 0 })
  const files: LooseFile[] = []
  for (const path of paths) files.push(await readLooseFile(workspace.fileSystem, path, signal))
  return files
}

async function bringAllIn(
  workspace: BatchWorkspace,
  { triples, brought }: ImportPlan,
  options: BringInOptions,
): Promise<ReadonlyMap<PlannedTriple, BroughtIn>> {
  const results = new Map<PlannedTriple, BroughtIn>()
  const givenUp = isMoving(options) ? brought : []
  if (triples.length === 0 && givenUp.length === 0) return results
  const lock = options.isDryRun ? null : await acquireWorkspaceLock(workspace)
  try {
    if (!options.isDryRun) await createWorkspaceDirectories(workspace)
    for (const triple of triples) results.set(triple, await bringIn(workspace, triple, options))
    for (const { file, standing } of givenUp)
      await giveUpSource(workspace, standing.index, standing.kind, file)
  } finally {
    await lock?.release()
  }
  return results
}

const isMoving = ({ isDryRun, shouldMove }: BringInOptions): boolean => shouldMove && !isDryRun

function triplesOf(
  triples: readonly PlannedTriple[],
  results: ReadonlyMap<PlannedTriple, BroughtIn>,
): readonly ImportedTriple[] {
  return triples.map((triple) => {
    const result = results.get(triple)
    const { index, requests } = triple
    const problem = result?.type === 'refused' ? result.problem : null
    return { index, requests, result: result?.type ?? 'refused', problem }
  })
}

function filesOf(
  files: readonly LooseFile[],
  { triples, brought, leftOver }: ImportPlan,
  results: ReadonlyMap<PlannedTriple, BroughtIn>,
  options: BringInOptions,
): readonly ImportedFile[] {
  return files.map((file) => {
    const { path, kind, rows, unreadable } = file
    const left = leftOver.find((each) => each.file === file)
    const triple = triples.find(({ input, output, error }) => [input, output, error].includes(file))
    const told = { path, kind, rows, unreadable }
    const here = brought.find((each) => each.file === file)
    if (here !== undefined && isMoving(options))
      return {
        ...told,
        fate: 'here',
        index: here.standing.index,
        matched: rows,
        why: null,
        isMissed: false,
        whatToDo: null,
      }
    if (triple === undefined) {
      const { why = null, isMissed = true, whatToDo = null } = left ?? {}
      return { ...told, fate: 'left-over', index: null, matched: null, why, isMissed, whatToDo }
    }
    const result = results.get(triple)
    const matched = triple.fits.find(({ answers }) => answers === file)?.matched ?? triple.requests
    const isRefused = result === undefined || result.type === 'refused'
    return {
      ...told,
      fate: isRefused ? 'left-over' : result.type,
      index: triple.index,
      matched,
      why: result?.type === 'refused' ? result.problem.message : null,
      isMissed: isRefused,
      whatToDo: null,
    }
  })
}
