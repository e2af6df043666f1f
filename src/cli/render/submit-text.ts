import type { LeftOutRequests, SubmitReport } from '../../engine/submit-requests.js'
import { countOf, countText } from '../../units.js'
import { compareBatchIndices, type BatchIndex } from '../../workspace/batch-index.js'
import { reportJson } from './json-lines.js'
import { terminalText } from './terminal-text.js'

/** What became of each file: which triples have its requests, and which of them are not sent again. */
export function submitTexts({ prepared, leftOut }: SubmitReport): readonly string[] {
  const made = prepared.filter(({ isKnown }) => !isKnown)
  const paths = new Set(prepared.map(({ requestsPath }) => requestsPath))
  return [...paths].flatMap((path) => {
    const before = leftOut.filter(({ requestsPath }) => requestsPath === path)
    const parts = made.filter(({ requestsPath }) => requestsPath === path)
    const lines = parts.map(
      ({ index, requests }) =>
        `${countOf(requests, 'request')} of ${terminalText(path)} ${areOf(requests)} triple ${index}.`,
    )
    return before.length === 0 ? lines : [leftOutText(path, before, sumOf(parts)), ...lines]
  })
}

/**
 * The triples of a submission as `--json` prints them: those of the pass, and those that only hold requests which were
 * left out.
 */
export function submitJson({ triples, leftOut, changedBodies }: SubmitReport): readonly object[] {
  const rows = new Map<BatchIndex, object>()
  for (const { index, standing, remoteStatus } of leftOut)
    rows.set(index, heldJson(index, standing, remoteStatus))
  for (const triple of triples) rows.set(triple.index, reportJson(triple))
  return [...rows.keys()].toSorted(compareBatchIndices).map((index) => ({
    ...rows.get(index),
    left_out: sumOf(leftOut.filter((one) => one.index === index)),
    changed_bodies: sumOf(changedBodies.filter((one) => one.index === index)),
  }))
}

const areOf = (count: number): string => (count === 1 ? 'is' : 'are')
const wereOf = (count: number): string => (count === 1 ? 'was' : 'were')

const sumOf = (some: readonly { readonly requests: number }[]): number =>
  some.reduce((sum, { requests }) => sum + requests, 0)

/** A file may have its requests in hundreds of triples. */
const mostNamed = 5

function leftOutText(path: string, before: readonly LeftOutRequests[], isNew: number): string {
  const known = sumOf(before)
  const total = known + isNew
  const named = before.slice(0, mostNamed).map(standingText)
  const more = before.length - named.length
  const where = `${named.join(', ')}${more > 0 ? ` and ${countOf(more, 'more triple')}` : ''}`
  if (isNew > 0) {
    const rest = `${countText(isNew)} ${areOf(isNew)} new`
    return `${countText(known)} of ${countOf(total, 'request')} of ${terminalText(path)} ${wereOf(known)} sent before: ${where}; ${rest}.`
  }
  const all = total === 1 ? 'the 1 request' : `all ${countOf(total, 'request')}`
  return `Nothing new to send: ${all} of ${terminalText(path)} ${wereOf(total)} sent before: ${where}. --again sends ${total === 1 ? 'it' : 'them'} once more.`
}

function standingText({ index, requests, standing, remoteStatus }: LeftOutRequests): string {
  const words =
    standing === 'pending' && remoteStatus !== null ? `pending: ${remoteStatus}` : standingWords[standing]
  return `triple ${index} (${countText(requests)} ${terminalText(words)})`
}

const standingWords: Readonly<Record<LeftOutRequests['standing'], string>> = {
  pending: 'pending',
  answered: 'answered',
  'without-results': 'sent; without results here they count as answered',
}

function heldJson(
  index: BatchIndex,
  standing: LeftOutRequests['standing'],
  remoteStatus: string | null,
): object {
  return {
    index,
    outcome: standing === 'pending' ? 'pending' : 'done',
    state: null,
    operations: [],
    counts: null,
    error: null,
    rows: null,
    lineage_rows: null,
    failed_for_good: null,
    requests_sent: null,
    attempt: null,
    root_index: null,
    remote_status: remoteStatus,
    results: null,
    retry_index: null,
    unconfirmed_since: null,
  }
}
