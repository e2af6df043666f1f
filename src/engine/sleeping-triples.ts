import { fileKinds, isWaitingForBatch, seedOf } from '../../machines/index.js'
import type { RemoteBatch } from '../providers/batch-provider.js'
import type { Learnt, StatusBoard } from '../providers/status-board.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { isOverdue } from './pending-problem.js'
import type { TripleReport } from './report.js'

/**
 * Triples that wait for their batch without an actor: their last report and what stood on disk, a few hundred bytes
 * each. Nothing of them is lost with that: an actor is made from the disk at each start anyway.
 *
 * One sleeps on as long as the server says of its batch what it said before and its files have the names they had.
 * What names do not show (an edited file, counts that grow) is seen when its turn comes: at each poll some are looked
 * at for real.
 */
export interface SleepingTriples {
  /** Puts it to sleep when it waits for a batch; false when it does not. `seen`: as the scan before its run had it. */
  lay(seen: BatchFileTriple, batchId: string, report: TripleReport): boolean
  /** The batch it waits for; `null` when the triple is not asleep, or its files have other names. */
  batchOf(triple: BatchFileTriple): string | null
  /** Its report when it sleeps on. Otherwise it is awake, and forgotten here. */
  sleepOn(triple: BatchFileTriple): TripleReport | null
  wake(index: string): void
  /** Another poll: others have their turn. */
  beginPass(): void
}

interface Sleeping {
  readonly batchId: string
  readonly names: string
  readonly report: TripleReport
}

/** @param looksAPass triples that are looked at for real in each pass, in turn */
export function sleepingTriples(board: StatusBoard | null, looksAPass: number): SleepingTriples {
  const asleep = new Map<string, Sleeping>()
  let pass = 0
  let turns = 1

  const isItsTurn = (index: string): boolean => seedOf(index) % turns === pass % turns
  const mayRest = ({ batchId, report }: Sleeping): boolean => {
    const learnt = board?.learnt(batchId) ?? null
    return learnt !== null && !isNews(learnt, report)
  }
  return {
    lay(seen, batchId, report) {
      const { state, problem } = report
      const isPlainWait = isWaitingForBatch(state) && (problem === null || isOverdue(problem))
      if (isPlainWait) asleep.set(report.index, { batchId, names: namesOf(seen), report })
      return isPlainWait
    },
    batchOf: (triple) => {
      const one = asleep.get(triple.index)
      return one?.names === namesOf(triple) ? one.batchId : null
    },
    sleepOn(triple) {
      const { index } = triple
      const one = asleep.get(index)
      if (one === undefined) return null
      if (one.names === namesOf(triple) && !isItsTurn(index) && mayRest(one)) {
        board?.forget(one.batchId)
        return one.report
      }
      asleep.delete(index)
      return null
    },
    wake: (index) => void asleep.delete(index),
    beginPass() {
      pass += 1
      turns = Math.max(1, Math.ceil(asleep.size / looksAPass))
    },
  }
}

/** A server that cannot be reached for a while is no news of a batch; one that refuses for good concerns all. */
function isNews(learnt: Learnt, { remoteStatus }: TripleReport): boolean {
  switch (learnt.type) {
    case 'nothing':
      return false
    case 'failure':
      return learnt.problem.isPassing !== true
    case 'answer':
      return saysMore(learnt.batch, remoteStatus)
  }
}

/** Whether the server says more of a batch than the status it had; `null` for a batch that it does not know. */
export function saysMore(batch: RemoteBatch | null, remoteStatus: string | null): boolean {
  return batch?.status !== remoteStatus || batch.outputFileId !== null || batch.errorFileId !== null
}

/** Which of its files stand where; one letter each. */
export function namesOf(triple: BatchFileTriple): string {
  let names = ''
  for (const kind of fileKinds) names += (triple[kind] === null ? 0 : 1) + (triple.inDone[kind] ? 2 : 0)
  return names
}
