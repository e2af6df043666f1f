import { basename } from 'node:path'
import { fileKinds, type TripleFacts } from '../../machines/index.js'
import { proofOrNull, tokensProven } from '../accounting/proof.js'
import { readJournalEnd } from '../workspace/journal-end.js'
import { lookAtScanned, lookAtTriple, type TripleLook } from '../workspace/locate-triple.js'
import { holderText } from '../workspace/holder-text.js'
import { fullDiskText } from '../workspace/free-space.js'
import { workersIn, workerText } from '../workspace/hold-workspace.js'
import { readWorkspaceLock } from '../workspace/lock.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { isGone, systemProcessTable } from '../workspace/process-table.js'
import { scanDone } from '../workspace/scan-done.js'
import { listOrNothing, scanWorkspace } from '../workspace/scan.js'
import { leaseHolders } from '../workspace/workers/lease-holders.js'
import { listWorkerFiles } from '../workspace/workers/worker-files.js'
import type { LeaseRecord } from '../workspace/workers/worker-schema.js'
import { failedLineages } from './failed-lineages.js'
import { isPoll, standingIn, type JournalStanding } from './journal-standing.js'
import { planTriple, type PlannedTriple } from './plan-triple.js'
import type { TripleStatus, WorkspaceStatus } from './report.js'
import { workspaceTokens } from './workspace-tokens.js'
import { atServerOf, type TripleWorker } from './triple-story.js'

/**
 * How every triple stands, from names, metadata, proofs and journals, and which finished lineages have requests that
 * failed for good, from their results (bounded, see `failedLineages`). Nothing is changed, and no
 * lock is needed.
 */
export async function workspaceStatus(workspace: BatchWorkspace): Promise<WorkspaceStatus> {
  const { triples, warnings } = await scanWorkspace(workspace)
  const journals = new Set((await listOrNothing(workspace, workspace.layout.logs)).map(({ name }) => name))
  const workerFiles = await listWorkerFiles(workspace)
  const holders = await leaseHolders(workspace, workerFiles)
  const statuses: TripleStatus[] = []
  for (const triple of triples) {
    const hasJournal = journals.has(basename(workspace.layout.journalFile(triple.index)))
    const status = await statusOf(workspace, triple.index, () => lookAtScanned(triple), hasJournal)
    const worker = workerOf(triple.index, holders)
    statuses.push(worker === null ? status : { ...status, worker })
  }
  const done = await scanDone(workspace)
  return {
    triples: statuses,
    doneCount: done.length,
    tokens: await workspaceTokens(workspace, statuses, done),
    failedForGood: await failedLineages(workspace, done),
    lockedBy: await lockHolder(workspace),
    workers: (await workersIn(workspace, workerFiles)).map(workerText),
    warnings: [
      ...warnings.map(({ message }) => message),
      ...[await fullDiskText(workspace)].filter((text) => text !== null),
    ],
  }
}

/** How one triple of `workdir/` stands, whoever has it. Whatever is wrong with its files is its problem, never a throw. */
export function tripleStatus(workspace: BatchWorkspace, index: string): Promise<TripleStatus> {
  return statusOf(workspace, index, () => lookAtTriple(workspace, index), true)
}

/** The worker that has the triple, of what `leaseHolders` gave. */
export function workerOf(index: string, holders: ReadonlyMap<string, LeaseRecord>): TripleWorker | null {
  const holder = holders.get(index)
  return holder === undefined ? null : { host: holder.host, pid: holder.pid, sinceMs: holder.taken_at_ms }
}

async function statusOf(
  workspace: BatchWorkspace,
  index: string,
  lookAt: () => Promise<TripleLook>,
  hasJournal: boolean,
): Promise<TripleStatus> {
  const { plan, standing } = await planTriple(workspace, index, lookAt)
  const { facts, state, problem, unconfirmed } = plan
  const last = facts === null || !hasJournal ? null : await lastStanding(workspace, facts)
  const proof =
    last === null ? null : await proofOrNull(workspace.fileSystem, workspace.layout.accountingFile(index))
  return {
    index,
    state: last?.state ?? state,
    stateSinceMs: last?.stateSinceMs ?? null,
    isAtRest: last?.isAtRest ?? true,
    remoteStatus: facts?.remoteStatus ?? null,
    batchId: facts?.batchId ?? null,
    atServer: facts === null ? null : atServerOf(facts),
    lastPollAtMs: last?.lastPollAtMs ?? null,
    counts: proof?.counts ?? null,
    tokens: proof === null ? null : tokensProven(proof),
    sinceMs: facts === null ? null : oldestChange(facts, standing),
    attempt: facts?.attempt ?? 1,
    rootIndex: facts?.rootIndex ?? index,
    problem: problem ?? last?.problem ?? null,
    unconfirmed,
    worker: null,
  }
}

/** Where the last run left the triple; `null` when its files are no longer those of that run. */
async function lastStanding(workspace: BatchWorkspace, facts: TripleFacts): Promise<JournalStanding | null> {
  // The journal is for people: one that cannot be read tells nothing, and changes nothing else.
  const entries = await readJournalEnd(workspace, facts.index, isPoll).catch(() => [])
  const noted = entries.at(-1)?.facts
  if (noted === undefined || filesOf(noted) !== filesOf({ ...facts })) return null
  return standingIn(entries)
}

function filesOf(facts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([facts['input'], facts['output'], facts['error']])
}

/** In milliseconds since 1970; of the files that count. */
function oldestChange(facts: TripleFacts, standing: PlannedTriple['standing']): number | null {
  const times = fileKinds.flatMap((kind) => {
    const found = facts[kind] === null ? null : (standing?.[kind] ?? null)
    return found === null ? [] : [found.modifiedAtMs]
  })
  return times.length === 0 ? null : Math.min(...times)
}

/** Who has it for himself; a lock that is left of a process which is gone says nothing. */
async function lockHolder(workspace: BatchWorkspace): Promise<string | null> {
  const lock = await readWorkspaceLock(workspace)
  if (lock.type === 'unreadable') return 'somebody (the lock file cannot be read)'
  const isHeld = lock.type === 'held' && !isGone(lock.holder, systemProcessTable)
  return isHeld ? holderText(lock.holder) : null
}
