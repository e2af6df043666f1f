import { isSuccessfulAnswer } from './answer-success.js'
import { isSameAnswer } from './compare-answers.js'
import type { LineLookup } from './line-lookup.js'
import type { Row } from './read-rows.js'
import type { AnswerFile, LedgerAnswer, RequestLedger } from './request-ledger.js'
import type { Tally } from './tally.js'

/** Where the rows of one triple are entered. */
export interface RowBooks {
  readonly ledger: RequestLedger
  readonly tally: Tally
  readonly lookup: LineLookup
  readonly paths: { readonly input: string; readonly output: string | null; readonly error: string | null }
}

/** Enters a row of the input file. A repeated id is harmless only when the whole line is repeated byte for byte. */
export function takeRequest(books: RowBooks, row: Row): Promise<void> | undefined {
  const earlier = books.ledger.addRequest(row.id, row.position)
  return earlier === null ? undefined : takeRepeatedRequest(books, row, earlier)
}

/**
 * Enters a row of an answer file and settles which answer counts: a success over a failure, else the first.
 * Two successes that differ are a conflict.
 */
export function takeAnswer(books: RowBooks, file: AnswerFile, row: Row): Promise<void> | undefined {
  const { ledger, tally } = books
  const ordinal = ledger.ordinalOf(row.id)
  if (ordinal === -1) {
    tally.add('unknown', row.id, pathOf(books, file), row.position.line)
    return undefined
  }
  const { line, offset, length } = row.position
  const answer = { line, offset, length, file, isSuccess: isSuccessfulAnswer(row.value) }
  const earlier = ledger.answerAt(ordinal)
  if (earlier !== null) return takeFurtherAnswer(books, { row, ordinal, answer, earlier })
  ledger.setAnswer(ordinal, answer)
  return undefined
}

async function takeRepeatedRequest(
  { ledger, tally, lookup, paths }: RowBooks,
  row: Row,
  earlier: number,
): Promise<void> {
  const bytes = await lookup.read(paths.input, ledger.inputAt(earlier))
  tally.add('duplicate', row.id, paths.input, row.position.line)
  const topic = bytes.equals(row.bytes) ? 'repeatedRequest' : 'differentRequest'
  tally.add(topic, row.id, paths.input, row.position.line)
}

interface FurtherAnswer {
  readonly row: Row
  readonly ordinal: number
  readonly answer: LedgerAnswer
  readonly earlier: LedgerAnswer
}

async function takeFurtherAnswer(books: RowBooks, further: FurtherAnswer): Promise<void> {
  const { ledger, tally, lookup } = books
  const { row, ordinal, answer, earlier } = further
  const path = pathOf(books, answer.file)
  const note = (topic: Parameters<Tally['add']>[0]): void => tally.add(topic, row.id, path, row.position.line)
  noteWhereSeen(books, further, note)
  if (earlier.isSuccess !== answer.isSuccess) {
    note('overruledFailure')
    if (answer.isSuccess) ledger.setAnswer(ordinal, answer)
    return
  }
  const earlierBytes = await lookup.read(pathOf(books, earlier.file), earlier)
  if (isSameAnswer(earlierBytes, row.bytes)) note('repeatedAnswer')
  else if (!answer.isSuccess) note('secondFailure')
  else if (!ledger.flagsAt(ordinal).isConflicting) {
    ledger.markConflicting(ordinal)
    note('conflicting')
  }
}

function noteWhereSeen(
  { ledger }: RowBooks,
  { ordinal, answer }: FurtherAnswer,
  note: (topic: 'duplicate' | 'inBoth') => void,
): void {
  const { isInOutput, isInError } = ledger.flagsAt(ordinal)
  const isRepeated = answer.file === 'output' ? isInOutput : isInError
  note(isRepeated ? 'duplicate' : 'inBoth')
  ledger.markSeen(ordinal, answer.file)
}

function pathOf({ paths }: RowBooks, file: AnswerFile): string {
  const path = paths[file]
  if (path === null) throw new RangeError(`The triple has no ${file} file, yet an answer of it was kept.`)
  return path
}
