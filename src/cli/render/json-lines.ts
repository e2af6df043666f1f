import { doneState, sumOfRows, type Problem } from '../../../machines/index.js'
import type { FailedLineage } from '../../engine/failed-lineages.js'
import type { TriplePlan, TripleProof, TripleReport } from '../../engine/report.js'
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
export function planJson(plan: TriplePlan): object {
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
    error: errorJson(status.problem),
    attempt: status.attempt,
    remote_status: status.remoteStatus,
    last_poll: timeJson(status.lastPollAtMs),
    since: timeJson(status.sinceMs),
    unconfirmed_since: timeJson(status.unconfirmed?.sinceMs ?? null),
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
    error: null,
    attempt: null,
    remote_status: null,
    last_poll: null,
    since: null,
    unconfirmed_since: null,
    failed_for_good: sumOfRows(failedForGood, 'failed'),
    lineage_rows: rows,
  }
}

/** What became of the proof of a finished triple. */
export function proofJson(proof: TripleProof): object {
  return {
    index: proof.index,
    outcome: proof.isProven ? 'proven' : 'failed',
    counts: proof.counts,
    error: errorJson(proof.problems[0] ?? null),
    problems: proof.problems.map(errorJson),
  }
}

function errorJson(problem: Problem | null): object | null {
  if (problem === null) return null
  return { code: problem.code, message: problem.message, hint: problem.hint ?? null }
}

/** Metadata may hold any number. */
function timeJson(timeMs: number | null): string | null {
  return timeMs === null || Number.isNaN(new Date(timeMs).getTime()) ? null : new Date(timeMs).toISOString()
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
