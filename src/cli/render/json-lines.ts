import type { Problem } from '../../../machines/index.js'
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
    attempt: report.attempt,
    root_index: report.rootIndex,
    remote_status: report.remoteStatus,
    results: report.resultsPath,
    retry_index: report.outcome.type === 'done' ? report.outcome.retryIndex : null,
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

function timeJson(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString()
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
