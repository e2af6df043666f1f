import { doneState, sumOfRows, type Problem } from '../../../machines/index.js'
import type { PriceList } from '../../accounting/usage/price-list.js'
import type { FailedLineage } from '../../engine/failed-lineages.js'
import type { TriplePlan, TripleProof, TripleReport } from '../../engine/report.js'
import type { TripleWorker } from '../../engine/triple-story.js'
import { isoTime } from '../../units.js'
import { inputEstimateJson } from './estimate-json.js'
import type { ToldTriple } from './stuck-text.js'

/** One object as one line, final line feed included. ASCII controls only as escapes, so that it is safe to look at. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, escaped)}\n`
}

/** A triple after a run, as `--json` prints it (`docs/cli.md`). Fields may be added, never renamed. */
export function reportJson(report: TripleReport): object {
  return {
    index: report.index,
    outcome: report.outcome.type,
    state: report.state,
    operations: report.operations,
    counts: report.counts,
    tokens: report.tokens,
    error: errorJson(report.problem),
    rows: report.rows,
    lineage_rows: report.lineageRows,
    failed_for_good: report.failedForGood === null ? null : sumOfRows(report.failedForGood, 'failed'),
    requests_sent: report.requestsSent,
    attempt: report.attempt,
    root_index: report.rootIndex,
    remote_status: report.remoteStatus,
    results: report.resultsPath,
    retry_index: report.outcome.type === 'done' ? report.outcome.retryIndex : null,
    unconfirmed_since: timeJson(report.unconfirmed?.sinceMs ?? null),
  }
}

/** A triple before a run. */
export function planJson(plan: TriplePlan, prices: PriceList | null = null): object {
  return {
    index: plan.index,
    outcome: plan.outcome,
    state: plan.state,
    operations: plan.operations,
    counts: plan.counts,
    error: errorJson(plan.problem),
    why: plan.why,
    facts: plan.facts,
    unconfirmed_since: timeJson(plan.unconfirmed?.sinceMs ?? null),
    estimate: plan.estimate === null ? null : inputEstimateJson(plan.estimate, prices),
  }
}

/** A triple as it stands; times in ISO 8601. */
export function statusJson({ triple: status, story }: ToldTriple): object {
  return {
    index: status.index,
    state: status.state,
    state_since: timeJson(status.stateSinceMs),
    stuck: story.stuck,
    counts: status.counts,
    tokens: status.tokens,
    error: errorJson(status.problem),
    attempt: status.attempt,
    remote_status: status.remoteStatus,
    batch_id: status.batchId,
    root_index: status.rootIndex,
    last_poll: timeJson(status.lastPollAtMs),
    submitted: timeJson(status.atServer?.submittedAtMs ?? null),
    due: timeJson(status.atServer?.dueAtMs ?? null),
    answered: status.atServer?.answered ?? null,
    total: status.atServer?.total ?? null,
    estimated_end: timeJson(story.endsAtMs),
    why: story.why,
    what_to_do: story.whatToDo,
    since: timeJson(status.sinceMs),
    unconfirmed_since: timeJson(status.unconfirmed?.sinceMs ?? null),
    worker: workerJson(status.worker),
    failed_for_good: null,
    lineage_rows: null,
  }
}

/** A finished lineage with requests that failed for good, in the fields of `statusJson`. */
export function failedLineageJson({ rootIndex, rows, failedForGood }: FailedLineage): object {
  return {
    index: rootIndex,
    state: doneState,
    state_since: null,
    stuck: null,
    counts: null,
    tokens: null,
    error: null,
    attempt: null,
    remote_status: null,
    batch_id: null,
    root_index: rootIndex,
    last_poll: null,
    submitted: null,
    due: null,
    answered: null,
    total: null,
    estimated_end: null,
    why: null,
    what_to_do: null,
    since: null,
    unconfirmed_since: null,
    worker: null,
    failed_for_good: sumOfRows(failedForGood, 'failed'),
    lineage_rows: rows,
  }
}

export const proofOutcome = ({ isProven }: TripleProof): string => (isProven ? 'proven' : 'failed')

/** What became of the proof of a finished triple. */
export function proofJson(proof: TripleProof): object {
  return {
    index: proof.index,
    outcome: proofOutcome(proof),
    counts: proof.counts,
    error: errorJson(proof.problems[0] ?? null),
    problems: proof.problems.map(errorJson),
  }
}

function workerJson(worker: TripleWorker | null): object | null {
  return worker === null ? null : { host: worker.host, pid: worker.pid, since: timeJson(worker.sinceMs) }
}

export function errorJson(problem: Problem | null): object | null {
  if (problem === null) return null
  return { code: problem.code, message: problem.message, hint: problem.hint ?? null }
}

const timeJson = (timeMs: number | null): string | null => (timeMs === null ? null : isoTime(timeMs))

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
