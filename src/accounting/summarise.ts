import { accountingWarnings } from './accounting-warnings.js'
import type { RowBooks } from './take-rows.js'
import {
  sampleTopics,
  type AccountedFile,
  type AccountingCounts,
  type AccountingSamples,
  type RowFileKind,
  type TripleAccounting,
} from './triple-accounting.js'
import { verdictOf } from './verdict.js'

export interface SummariseOptions {
  readonly index: string
  readonly inputPath: string
  readonly files: readonly AccountedFile[]
  readonly books: RowBooks
  readonly isCutShort: boolean
}

/** Closes the books of one triple: counts, samples, warnings and the verdict. */
export function summarise({
  index,
  inputPath,
  files,
  books,
  isCutShort,
}: SummariseOptions): TripleAccounting {
  const { tally } = books
  const answers = settleRequests(books, inputPath)
  const counts = countsOf(files, books, answers.succeeded + answers.failed)
  requireSums(counts, books)
  const findings = { index, counts, tally, files, isCutShort }
  return {
    index,
    counts,
    answers,
    samples: samplesOf(books),
    files,
    unreadableLines: tally.unreadableLines,
    warnings: accountingWarnings(findings),
    verdict: verdictOf(findings),
  }
}

/** One walk over all requests: notes the missing ones and counts the others by the answer that counts. */
function settleRequests(
  { ledger, tally }: RowBooks,
  inputPath: string,
): { succeeded: number; failed: number } {
  let succeeded = 0
  let failed = 0
  for (let ordinal = 0; ordinal < ledger.size; ordinal += 1) {
    const answer = ledger.answerAt(ordinal)
    if (answer === null) tally.add('missing', ledger.idAt(ordinal), inputPath, ledger.inputAt(ordinal).line)
    else if (answer.isSuccess) succeeded += 1
    else failed += 1
  }
  return { succeeded, failed }
}

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
