import { traitsOf } from '../../machines/index.js'
import { isSameAnswer } from './compare-answers.js'
import { dialectOfValue } from './dialect.js'
import { isAnswerLine } from './dialects/row-dialects.js'
import type { LineLookup } from './line-lookup.js'
import type { Row } from './read-rows.js'
import type { AnswerFile, LedgerAnswer, RequestLedger } from './request-ledger.js'
import { judgeAnswer } from './rows/judge-answer.js'
import { promiseOf } from './rows/promise.js'
import { nowhere, readResultLine, type ResultLine } from './rows/result-line.js'
import { learnSuccess, plainSuccess } from './scan/plain-answers.js'
import { learnRequest, plainRequest } from './scan/plain-requests.js'
import type { PlainRow } from './scan/scanned-rows.js'
import type { Tally } from './tally.js'
import type { UsageBooks } from './usage/usage-books.js'

/** Where the rows of one triple are entered. */
export interface RowBooks {
  readonly ledger: RequestLedger
  readonly tally: Tally
  readonly usage: UsageBooks
  readonly lookup: LineLookup
  readonly paths: { readonly input: string; readonly output: string | null; readonly error: string | null }
  /** Which of two different successes counts, when somebody decided that; else they are a conflict. */
  readonly keep: 'first' | 'last' | null
}

/** Enters a request that is like an earlier one, without a look into it; false when it has to be looked at. */
export function takePlainRequest({ ledger, tally }: RowBooks, row: PlainRow): boolean {
  const request = plainRequest(row)
  if (request === undefined || !ledger.addPlainRequest(row, request.promise)) return false
  if (request.promise.shape === 'opaque') tally.addUnknownEndpoint(request.url)
  return true
}

/** Enters a first answer that is a success like an earlier one, without a look into it; false when it is anything else. */
export function takePlainAnswer({ ledger, usage }: RowBooks, file: AnswerFile, row: PlainRow): boolean {
  if (row.pattern === 0) return false
  const ordinal = ledger.ordinalOfPlain(row)
  if (ordinal === -1 || ledger.isAnswered(ordinal)) return false
  const success = plainSuccess(row, ledger.promiseAt(ordinal))
  if (success === undefined) return false
  ledger.setPlainSuccess(ordinal, file, row, success.isOpaque)
  usage.addPlain(row, success.paid)
  return true
}

/** Enters a row of the input file. A repeated id is harmless only when the whole line is repeated byte for byte. */
export function takeRequest(books: RowBooks, row: Row): Promise<void> | undefined {
  if (isAnswerLine(row.value))
    books.tally.add('answerAsRequest', row.id, books.paths.input, row.position.line)
  const promise = promiseOf(row.value)
  if (promise.shape === 'opaque') books.tally.addUnknownEndpoint(row.value['url'])
  if (row.plain !== null) learnRequest(row.plain, row.value)
  const earlier = books.ledger.addRequest(row.id, row.position, promise)
  return earlier === null ? undefined : takeRepeatedRequest(books, row, earlier)
}

/**
 * Enters a row of an answer file and settles which answer counts: the one whose class weighs more, else the first.
 * Two successes that differ are a conflict.
 */
export function takeAnswer(books: RowBooks, file: AnswerFile, row: Row): Promise<void> | undefined {
  const { ledger, tally, usage } = books
  const ordinal = ledger.ordinalOf(row.id)
  if (ordinal === -1) {
    usage.addNamed(row.id, readResultLine(row.value, nowhere, row))
    tally.add('unknown', row.id, pathOf(books, file), row.position.line)
    return undefined
  }
  const line = readResultLine(row.value, { file, line: row.position.line }, row)
  const answer = answerIn(books, line, { row, file, ordinal })
  const earlier = ledger.answerAt(ordinal)
  if (earlier !== null) return takeFurtherAnswer(books, { row, line, ordinal, answer, earlier })
  usage.add(line)
  ledger.setAnswer(ordinal, answer)
  return undefined
}

function answerIn(
  { ledger, tally }: RowBooks,
  read: ResultLine,
  { row, file, ordinal }: Pick<FurtherAnswer, 'row' | 'ordinal'> & { readonly file: AnswerFile },
): LedgerAnswer {
  const { value, plain, position } = row
  const { line, offset, length } = position
  const promise = ledger.promiseAt(ordinal)
  const judgement = judgeAnswer(read, promise)
  if (plain !== null) learnSuccess(plain, promise, judgement)
  const { class: rowClass, answer, error } = judgement
  if (rowClass === 'unrecognised')
    tally.addLook((read.isTooDeep ? null : dialectOfValue(value)) ?? error?.code)
  const isOpaque = rowClass === 'success' && answer?.shape === 'opaque'
  return { line, offset, length, file, class: rowClass, isOpaque }
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
  readonly line: ResultLine
  readonly ordinal: number
  readonly answer: LedgerAnswer
  readonly earlier: LedgerAnswer
}

async function takeFurtherAnswer(books: RowBooks, further: FurtherAnswer): Promise<void> {
  const { ledger, tally, lookup, usage } = books
  const { row, line, ordinal, answer, earlier } = further
  const earlierBytes = await lookup.read(pathOf(books, earlier.file), earlier)
  usage.nameEarlier(row.id, earlierBytes)
  usage.addNamed(row.id, line)
  const path = pathOf(books, answer.file)
  const note = (topic: Parameters<Tally['add']>[0]): void => tally.add(topic, row.id, path, row.position.line)
  noteWhereSeen(books, further, note)
  const gain = traitsOf(answer.class).weight - traitsOf(earlier.class).weight
  if (gain > 0) ledger.setAnswer(ordinal, answer)
  if (gain !== 0) return note(isSuccess(answer) || isSuccess(earlier) ? 'overruledFailure' : 'overruledRow')
  if (isSameAnswer(earlierBytes, row.bytes, ledger.promiseAt(ordinal))) note('repeatedAnswer')
  else if (!isSuccess(answer)) note('secondFailure')
  else takeSecondSuccess(books, further, note)
}

const isSuccess = (answer: LedgerAnswer): boolean => answer.class === 'success'

function takeSecondSuccess(
  { ledger, keep }: RowBooks,
  { ordinal, answer }: FurtherAnswer,
  note: (topic: 'conflicting' | 'chosenAnswer') => void,
): void {
  if (keep !== null) {
    if (keep === 'last') ledger.setAnswer(ordinal, answer)
    note('chosenAnswer')
  } else if (!ledger.flagsAt(ordinal).isConflicting) {
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
