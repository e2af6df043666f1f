import { bytesText, durationText, elapsedText } from '../../units.js'
import { stateDescriptions } from '../chart/statechart-svg.js'
import type { InspectedFile, TripleDetail, TripleSummary } from '../protocol.js'

interface TripleFactsListProps {
  readonly detail: TripleDetail
  readonly summary: TripleSummary
  readonly nowMs: number
}

export function TripleFactsList({ detail, summary, nowMs }: TripleFactsListProps) {
  // The story above has told of the problem, cut to a line or two.
  const problem = isToldInFull(detail, summary) ? null : detail.problem
  const facts: readonly (readonly [string, string | null])[] = [
    ['State', descriptionOf(summary.state)],
    ['Attempt', String(summary.attempt)],
    ['Batch', summary.batchId],
    ['Server says', summary.remoteStatus],
    ['Last poll', summary.lastPollAtMs === null ? null : `${elapsedText(nowMs - summary.lastPollAtMs)} ago`],
    ['Next poll', summary.nextPollAtMs === null ? null : `in ${durationText(summary.nextPollAtMs - nowMs)}`],
    ['Worker', workerText(summary, nowMs)],
    ['Tokens', detail.tokens],
    ['Operations', detail.operations.join(', ')],
    ['Input file id', detail.inputFileId],
    ['Output file id', detail.outputFileId],
    ['Error file id', detail.errorFileId],
    ['Root', summary.rootIndex === summary.index ? null : summary.rootIndex],
    ['Retry of', detail.parentIndex],
    ['Retried as', detail.retryIndex],
    ['Problem', problem === null ? null : `${problem.code}: ${problem.message}`],
    ['What to do', problem?.hint ?? null],
    ['Cause', detail.problem?.causeMessage ?? null],
  ]
  return (
    <section aria-label="Facts">
      <h3>Facts</h3>
      <dl class="facts">
        {facts.map(
          ([name, text]) => text !== null && text !== '' && <Fact key={name} name={name} text={text} />,
        )}
        {detail.files.map((file) => (
          <Fact key={file.path} name={`${file.kind} file`} text={fileText(file)} />
        ))}
      </dl>
    </section>
  )
}

const workerText = ({ worker }: TripleSummary, nowMs: number): string | null =>
  worker === null
    ? null
    : `process ${worker.pid} on ${worker.host}, for ${elapsedText(nowMs - worker.sinceMs)}`

/** A journal may name any state; names every object has are none. */
const descriptionOf = (state: string): string | null =>
  Object.hasOwn(stateDescriptions, state) ? (stateDescriptions[state] ?? null) : null

const isToldInFull = ({ problem }: TripleDetail, summary: TripleSummary): boolean =>
  problem?.message === summary.problem?.message && (problem?.hint ?? null) === summary.problem?.hint

function Fact({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </>
  )
}

function fileText({ path, bytes, modifiedAtMs }: InspectedFile): string {
  const modified = modifiedAtMs === null ? '' : `, ${new Date(modifiedAtMs).toLocaleString()}`
  return `${path}, ${bytesText(bytes)}${modified}`
}
