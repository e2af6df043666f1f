import type { AccountingCounts, TripleFacts } from '../../machines/index.js'
import { readProof } from '../accounting/proof.js'
import { isBatchReconciliationError } from '../errors.js'
import { readJournalEnd } from '../workspace/journal.js'
import { holderText } from '../workspace/holder-text.js'
import { readWorkspaceLock, type WorkspaceLockState } from '../workspace/lock.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone } from '../workspace/scan-done.js'
import { scanWorkspace } from '../workspace/scan.js'
import { failedLineages } from './failed-lineages.js'
import { standingIn, type JournalStanding } from './journal-standing.js'
import { planTriple } from './plan-workspace.js'
import type { TripleStatus, WorkspaceStatus } from './report.js'

/**
 * How every triple stands, from names, metadata, proofs and journals; no row is read, nothing is changed and no
 * lock is needed.
 */
export async function workspaceStatus(workspace: BatchWorkspace): Promise<WorkspaceStatus> {
  const { triples, warnings } = await scanWorkspace(workspace)
  const statuses: TripleStatus[] = []
  for (const { index } of triples) statuses.push(await tripleStatus(workspace, index))
  const done = await scanDone(workspace)
  return {
    triples: statuses,
    doneCount: done.length,
    failedForGood: await failedLineages(workspace, done),
    lockedBy: lockHolder(await readWorkspaceLock(workspace)),
    warnings: warnings.map(({ message }) => message),
  }
}

/** How one triple of `workdir/` stands. Whatever is wrong with its files is its problem, never a throw. */
export async function tripleStatus(workspace: BatchWorkspace, index: string): Promise<TripleStatus> {
  const { facts, state, problem, unconfirmed } = await planTriple(workspace, index)
  const last = facts === null ? null : await lastStanding(workspace, facts)
  return {
    index,
    state: last?.state ?? state,
    stateSinceMs: last?.stateSinceMs ?? null,
    isAtRest: last?.isAtRest ?? true,
    remoteStatus: facts?.remoteStatus ?? null,
    batchId: facts?.batchId ?? null,
    lastPollAtMs: last?.lastPollAtMs ?? null,
    counts: last === null ? null : await lastCounts(workspace, index),
    sinceMs: facts === null ? null : await oldestChange(workspace, facts),
    attempt: facts?.attempt ?? 1,
    rootIndex: facts?.rootIndex ?? index,
    problem: problem ?? last?.problem ?? null,
    unconfirmed,
  }
}

/** Where the last run left the triple; `null` when its files are no longer those of that run. */
async function lastStanding(workspace: BatchWorkspace, facts: TripleFacts): Promise<JournalStanding | null> {
  // The journal is for people: one that cannot be read tells nothing, and changes nothing else.
  const { entries } = await readJournalEnd(workspace, facts.index).catch(() => ({ entries: [] }))
  const noted = entries.at(-1)?.facts
  if (noted === undefined || filesOf(noted) !== filesOf({ ...facts })) return null
  return standingIn(entries)
}

function filesOf(facts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([facts['input'], facts['output'], facts['error']])
}

async function lastCounts(
  { fileSystem, layout }: BatchWorkspace,
  index: string,
): Promise<AccountingCounts | null> {
  try {
    return (await readProof(fileSystem, layout.accountingFile(index)))?.counts ?? null
  } catch (error) {
    // A damaged proof is for `verify` to report; a status shows what it can.
    if (isBatchReconciliationError(error)) return null
    throw error
  }
}

async function oldestChange({ fileSystem }: BatchWorkspace, facts: TripleFacts): Promise<number | null> {
  const times: number[] = []
  for (const file of [facts.input, facts.output, facts.error, facts.metadata]) {
    const found = file === null ? null : await fileSystem.stat(file.path)
    if (found !== null) times.push(found.modifiedAtMs)
  }
  return times.length === 0 ? null : Math.min(...times)
}

function lockHolder(lock: WorkspaceLockState): string | null {
  switch (lock.type) {
    case 'free':
      return null
    case 'held':
      return holderText(lock.holder)
    case 'unreadable':
      return 'somebody (the lock file cannot be read)'
  }
}
