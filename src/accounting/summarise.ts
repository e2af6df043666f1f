import { accountingWarnings } from './accounting-warnings.js'
import { rowClasses, type RowClass } from '../../machines/index.js'
import type { RowBooks } from './take-rows.js'
import type { TallyTopic } from './tally.js'
import {
  sampleTopics,
  type AcceptedFaults,
  type AccountedFile,
  type AccountingCounts,
  type AccountingSamples,
  type AnswerOutcomes,
  type RowFileKind,
  type TripleAccounting,
} from './triple-accounting.js'
import { verdictOf } from './verdict.js'

export interface SummariseOptions {
  readonly index: string
  readonly files: readonly AccountedFile[]
  readonly books: RowBooks
  readonly isCutShort: boolean
  readonly accepted: AcceptedFaults
}

/** Closes the books of one triple: counts, samples, warnings and the verdict. */
export function summarise({ index, files, books, isCutShort, accepted }: SummariseOptions): TripleAccounting {
  const { tally } = books
  const outcomes = settleRequests(books)
  const matched = sumOf(Object.values(outcomes))
  const counts = countsOf(files, books, matched)
  requireSums(counts, books)
  const findings = { index, counts, tally, files, isCutShort, accepted }
  return {
    index,
    counts,
    answers: { succeeded: outcomes.success, failed: matched - outcomes.success },
    outcomes,
    accepted,
    usage: books.usage.usage,
    samples: samplesOf(books),
    files,
    unreadableLines: tally.unreadableLines,
    warnings: accountingWarnings(findings),
    verdict: verdictOf(findings),
  }
}

/** One walk over all requests: notes the missing ones and counts the others by the class of the answer that counts. */
function settleRequests({ ledger, tally, paths }: RowBooks): AnswerOutcomes {
  const outcomes = Object.fromEntries(rowClasses.map((rowClass) => [rowClass, 0])) as Record<RowClass, number>
  for (let ordinal = 0; ordinal < ledger.size; ordinal += 1) {
    const rowClass = ledger.classAt(ordinal)
    if (rowClass === null) {
      tally.add('missing', ledger.idAt(ordinal), paths.input, ledger.inputAt(ordinal).line)
      continue
    }
    outcomes[rowClass] += 1
    const topic = topicOf(rowClass, ledger.isOpaqueAt(ordinal))
    const answer = topic === null ? null : ledger.answerAt(ordinal)
    if (topic !== null && answer !== null)
      tally.add(topic, ledger.idAt(ordinal), paths[answer.file] ?? '', answer.line)
  }
  return outcomes
}

/** Answers that people are told of. */
function topicOf(rowClass: RowClass, isOpaque: boolean): TallyTopic | null {
  if (rowClass === 'unrecognised' || rowClass === 'unproven') return rowClass
  return isOpaque ? 'opaque' : null
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)

function countsOf(files: readonly AccountedFile[], { tally }: RowBooks, matched: number): AccountingCounts {
  const rows = (kind: RowFileKind): number => files.find((file) => file.kind === kind)?.rows ?? 0
  return {
    input: rows('input'),
    output: rows('output'),
    error: rows('error'),
    matched,
    missing: tally.entry('missing').count,
    unknown: tally.entry('unknown').count,
    duplicate: tally.entry('duplicate').count,
    inBoth: tally.entry('inBoth').count,
    unreadable: tally.entry('unreadable').count,
    conflicting: tally.entry('conflicting').count,
  }
}

function samplesOf({ tally }: RowBooks): AccountingSamples {
  const entries = sampleTopics.map((topic) => [topic, tally.entry(topic).samples] as const)
  return Object.fromEntries(entries) as AccountingSamples
}

/** A fault in this program must not pass for a proof: every row has to be in exactly one of the sums. */
function requireSums(counts: AccountingCounts, { ledger, tally }: RowBooks): void {
  const inputDuplicates = tally.entry('repeatedRequest').count + tally.entry('differentRequest').count
  const answerDuplicates = counts.duplicate - inputDuplicates
  const rows = counts.output + counts.error
  const isSound =
    counts.input === ledger.size + inputDuplicates &&
    counts.matched + counts.missing === ledger.size &&
    rows === counts.matched + counts.inBoth + answerDuplicates + counts.unknown
  if (!isSound) throw new Error(`The sums of an accounting do not add up: ${JSON.stringify(counts)}.`)
}
