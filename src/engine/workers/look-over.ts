import type { Problem } from '../../../machines/index.js'
import { isBatchReconciliationError } from '../../errors.js'
import type { RemoteBatch } from '../../providers/batch-provider.js'
import { scanWorkspace } from '../../workspace/scan.js'
import { fingerprintOf } from '../fingerprint.js'
import type { Run } from '../run.js'
import { isNews, needOf, type TripleNote } from './triple-note.js'
import type { TripleTask } from './triple-worker.js'

export interface LookOverRequest {
  /** How the triples rested when they were last worked on, by index. */
  readonly notes: ReadonlyMap<string, TripleNote>
  readonly isPollDue: boolean
  /** Counts the looks: each time other triples have their turn to be looked at more closely. */
  readonly turn: number
}

/** What a look over the workspace found. */
export interface Sight {
  /** Triples that somebody should work on now. */
  readonly tasks: readonly TripleTask[]
  /** Of these, those that the server said something of; whoever keeps the notes notes it. */
  readonly news: readonly string[]
  /** Triples that are held back until the workers' own bounds leave room again. */
  readonly heldBack: readonly TripleTask[]
  /** Indices with a note that have no file in `workdir/` any more. */
  readonly gone: readonly string[]
  readonly triples: number
  /** Of these, those nobody has worked on yet, as far as is known. */
  readonly unknown: number
  /** Triples that rest until the server says more. */
  readonly waiting: number
  /** Triples that are going to be looked at again without anybody's hand. */
  readonly unsettled: number
  /** Why the server could not be asked; `null` when it was, or had not to be. */
  readonly problem: Problem | null
}

/** Triples whose files are looked at in each turn at most, to see what names do not show. */
const looksATurn = 1_000

/** Each is looked at once in so many turns, or more where there are very many: about once a minute. */
const fewestTurns = 12

/**
 * Looks over the whole workspace for what moves by itself: lists its folders once, asks the server once for all batches
 * that are waited for, and gives what changed. Changes nothing.
 */
export async function lookOver(run: Run, request: LookOverRequest): Promise<Sight> {
  const { notes, isPollDue } = request
  const scan = await scanWorkspace(run.workspace)
  const tasks: TripleTask[] = []
  const heldBack: TripleTask[] = []
  const asked = new Map<string, string>()
  const resting: string[] = []
  let unsettled = 0
  const { maySubmit } = run
  const nowMs = run.clock.now()
  for (const triple of scan.triples) {
    const { index } = triple
    const note = notes.get(index)
    const need = needOf(triple, note, { isPollDue, maySubmit, nowMs })
    if (needOf(triple, note, { isPollDue: true, maySubmit, nowMs }) !== 'nothing') unsettled += 1
    if (need === 'work') tasks.push({ index })
    else if (need === 'room') heldBack.push({ index })
    else if (need === 'ask-server' && note?.batchId != null) asked.set(note.batchId, index)
    if (need !== 'work') resting.push(index)
  }
  const { found, problem } = await askServer(run, asked, notes)
  tasks.push(...found, ...(await editedTasks(run, request, resting, found)))
  const standing = new Set(scan.triples.map(({ index }) => index))
  return {
    tasks,
    news: found.map(({ index }) => index),
    heldBack,
    gone: [...notes.keys()].filter((index) => !standing.has(index)),
    triples: scan.triples.length,
    unknown: scan.triples.filter(({ index }) => !notes.has(index)).length,
    waiting: resting.filter((index) => notes.get(index)?.batchId != null).length,
    unsettled,
    problem,
  }
}

async function askServer(
  { provider, signal, clock }: Run,
  asked: ReadonlyMap<string, string>,
  notes: ReadonlyMap<string, TripleNote>,
): Promise<{ readonly found: readonly TripleTask[]; readonly problem: Problem | null }> {
  if (provider === null || asked.size === 0) return { found: [], problem: null }
  let answers: ReadonlyMap<string, RemoteBatch | null>
  try {
    answers = await provider.status([...asked.keys()], signal)
  } catch (error) {
    if (!isBatchReconciliationError(error)) throw error
    return { found: [], problem: error.problem }
  }
  const found: TripleTask[] = []
  const nowMs = clock.now()
  for (const [batchId, index] of asked) {
    const batch = answers.get(batchId)
    const note = notes.get(index)
    if (batch === undefined || note === undefined || !isNews(batch, note, nowMs)) continue
    found.push(batch === null ? { index } : { index, learnt: batch })
  }
  return { found, problem: null }
}

/** Files that somebody edited: their names say nothing of it. */
async function editedTasks(
  { workspace }: Run,
  { notes, turn }: LookOverRequest,
  resting: readonly string[],
  found: readonly TripleTask[],
): Promise<readonly TripleTask[]> {
  const known = new Set(found.map(({ index }) => index))
  const turns = Math.max(fewestTurns, Math.ceil(resting.length / looksATurn))
  const edited: TripleTask[] = []
  for (let position = turn % turns; position < resting.length; position += turns) {
    const index = resting[position] as string
    if (known.has(index)) continue
    if ((await fingerprintOf(workspace, index)) !== notes.get(index)?.fingerprint) edited.push({ index })
  }
  return edited
}
