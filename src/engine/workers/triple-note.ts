import {
  canHear,
  isParkedState,
  isRunningStatus,
  isWaitingForBatch,
  isWaitingForServer,
} from '../../../machines/index.js'
import type { RemoteBatch } from '../../providers/batch-provider.js'
import { lookAtTriple } from '../../workspace/locate-triple.js'
import { readMetadata, type BatchMetadata } from '../../workspace/metadata.js'
import { standingPath } from '../../workspace/move-intent.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { BatchFileTriple } from '../../workspace/triple.js'
import { fingerprintIn } from '../fingerprint.js'
import type { TripleReport } from '../report.js'
import { namesOf, saysMore } from '../sleeping-triples.js'

/**
 * How a triple rested, for whoever looks over the workspace next. Nothing is decided by it but when the triple is looked
 * at again: without it, it is looked at now.
 */
export interface TripleNote {
  /** Path of the state it rests in. */
  readonly state: string
  /** Which of its files stood where. */
  readonly names: string
  /** Sizes and times of its files. */
  readonly fingerprint: string
  /** The batch it waits for. */
  readonly batchId: string | null
  /** Requests of that batch. */
  readonly requests: number
  /** When it was made, by the clock of the server. */
  readonly createdAtMs: number | null
  readonly remoteStatus: string | null
  /** When it came to rest, in milliseconds since 1970. */
  readonly restedAtMs: number
  /** Something that passes stopped it. */
  readonly isPassing: boolean
  /** It was not sent because the workers' own bounds leave no room now. */
  readonly isHeldBack: boolean
  /** When it is to be tried again although nothing that passes stopped it, in milliseconds since 1970. */
  readonly againAtMs: number | null
  /** The server has said something of the batch that nobody has looked at yet: it need not be asked again. */
  readonly hasNews: boolean
  /** Whether the worker that left it there had leave to send what was never sent. */
  readonly couldSubmit: boolean
}

const shortBatchMs = 300_000

/** After so long it is tried again whether the account has quota. */
export const quotaPauseMs = 600_000

/** Looks at the files once more: what they are now is what is to be compared with. */
export async function noteOf(
  workspace: BatchWorkspace,
  { index, state, remoteStatus, problem }: TripleReport,
  { couldSubmit, nowMs }: { readonly couldSubmit: boolean; readonly nowMs: number },
): Promise<TripleNote> {
  const look = await lookAtTriple(workspace, index)
  const { triple } = look
  const metadata = isWaitingForBatch(state) ? await metadataOf(workspace, triple) : null
  return {
    state,
    names: namesOf(triple),
    fingerprint: fingerprintIn(look),
    batchId: metadata?.batch_id ?? null,
    requests: metadata?.request_count ?? 0,
    createdAtMs: metadata?.submitted_at_ms ?? null,
    remoteStatus,
    restedAtMs: nowMs,
    isPassing: problem?.isPassing === true,
    isHeldBack: problem?.facts?.['isHeldBack'] === true,
    againAtMs: problem?.code === 'QuotaExhausted' ? nowMs + quotaPauseMs : null,
    hasNews: false,
    couldSubmit,
  }
}

async function metadataOf(workspace: BatchWorkspace, triple: BatchFileTriple): Promise<BatchMetadata | null> {
  const path = standingPath(workspace, triple, 'metadata')
  return path === null ? null : readMetadata(workspace, path)
}

/** What the next look over the workspace does about a triple. */
export type Need = 'work' | 'ask-server' | 'room' | 'nothing'

export interface NeedAt {
  readonly isPollDue: boolean
  readonly maySubmit: boolean
  readonly nowMs: number
}

/**
 * From names and the note alone. `isPollDue`: it is time to ask the server, and to try again what passes by itself.
 */
export function needOf(
  triple: BatchFileTriple,
  note: TripleNote | undefined,
  { isPollDue, maySubmit, nowMs }: NeedAt,
): Need {
  if (note === undefined || note.names !== namesOf(triple)) return 'work'
  if (maySubmit && !note.couldSubmit && canHear(note.state, 'triple.submit')) return 'work'
  if (note.hasNews) return 'work'
  if (note.isHeldBack) return 'room'
  if (!isPollDue) return 'nothing'
  if (note.batchId !== null && !note.isPassing) return 'ask-server'
  if (note.againAtMs !== null && nowMs >= note.againAtMs) return 'work'
  if (isWaitingForServer(note.state) && !isParkedState(note.state)) return 'work'
  return note.isPassing ? 'work' : 'nothing'
}

/**
 * Whether the answer of the server is a reason to look at the triple: the batch has ended, or something is said that
 * nobody expected. That it runs is noted once, and not of batches that may have ended by then: it changes nothing.
 */
export function isNews(
  batch: RemoteBatch | null,
  { remoteStatus, restedAtMs }: TripleNote,
  nowMs: number,
): boolean {
  if (!saysMore(batch, remoteStatus)) return false
  if (batch === null || !isRunningStatus(batch.status)) return true
  const isRunning = remoteStatus !== null && isRunningStatus(remoteStatus)
  return !isRunning && Math.abs(nowMs - restedAtMs) > shortBatchMs
}

/** Whether it rests until somebody does something, and nothing on disk or at the server will show that they did. */
export function waitsForSomebody({ batchId, isPassing, isHeldBack, state }: TripleNote): boolean {
  return batchId === null && !isPassing && !isHeldBack && isParkedState(state)
}
