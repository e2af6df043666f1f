import { describe, expect, test } from 'vitest'
import {
  isCutShortStatus,
  isEndedStatus,
  knownRemoteStatuses,
  onlineVerdict,
  publicationWindowMs,
  unknownStatusWarning,
  type OnlineLook,
  type ReportedBatch,
} from '../../machines/index.js'
import { factsOf } from './harness.js'

const batch = (more: Partial<ReportedBatch> = {}): ReportedBatch => ({
  batchId: 'batch_1',
  status: 'completed',
  outputFileId: null,
  errorFileId: null,
  requestCounts: null,
  errors: [],
  ...more,
})
const now: OnlineLook = { wanted: 'absent', unchangedForMs: 0 }
const later: OnlineLook = { ...now, unchangedForMs: publicationWindowMs }
const justBefore: OnlineLook = { ...now, unchangedForMs: publicationWindowMs - 1 }
const anew: OnlineLook = { wanted: 'all-anew', unchangedForMs: 0 }

const output = { outputFileId: 'file-output' }
const error = { errorFileId: 'file-error' }
const counts = (completed: number | null, failed: number | null) => ({
  requestCounts: { total: 3, completed, failed },
})
const noRoom = { code: 'token_limit_exceeded', message: 'Enqueued token limit reached.', line: null }

// oxfmt-ignore
const table: readonly (readonly [why: string, files: string, batch: Partial<ReportedBatch> | null | undefined, look: OnlineLook, verdict: string])[] = [
  ['it was not among those that were asked for', 'I', undefined, now, 'still-processing unknown'],
  ['the server does not know it', 'I', null, now, 'ended-badly not found BatchFilesGone'],
  ['a status nobody knows', 'I', { status: 'paused', ...output }, later, 'still-processing paused'],
  ['a name every object has', 'I', { status: 'constructor' }, later, 'still-processing constructor'],

  ['the output file is absent', 'I', output, now, 'files-ready completed'],
  ['the error file is absent', 'IO', { ...output, ...error }, now, 'files-ready completed'],
  ['every named file is here', 'IOE', { ...output, ...error }, now, 'nothing-more completed'],
  ['every named file is here and wanted anew', 'IOE', { ...output, ...error }, anew, 'files-ready completed'],
  ['no file is named and all are wanted anew', 'IO', {}, anew, 'not-published completed'],

  ['nothing is named', 'I', {}, now, 'not-published completed'],
  ['nothing is named for long', 'I', {}, later, 'not-published completed'],
  ['it counts answers and names no output file', 'I', { ...error, ...counts(2, 1) }, now, 'not-published completed may come'],
  ['so too a moment before its time is over', 'I', { ...error, ...counts(2, 1) }, justBefore, 'not-published completed may come'],
  ['so too when its time is over', 'I', { ...error, ...counts(2, 1) }, later, 'files-ready completed'],
  ['it counts failures and names no file', 'I', counts(0, 1), now, 'not-published completed may come'],
  ['it counts failures and names an output file', 'IO', { ...output, ...counts(2, 1) }, now, 'nothing-more completed'],
  ['it counts nothing', 'I', counts(0, 0), now, 'not-published completed'],
  ['its counts are none', 'I', counts(null, null), now, 'not-published completed'],

  ['expired a moment ago without files', 'I', { status: 'expired' }, justBefore, 'not-published expired may come'],
  ['expired for long without files', 'I', { status: 'expired' }, later, 'not-published expired'],
  ['cancelled a moment ago without files', 'I', { status: 'cancelled' }, now, 'not-published cancelled may come'],
  ['expired with partials', 'I', { status: 'expired', ...output }, now, 'files-ready expired'],

  ['failed', 'I', { status: 'failed' }, now, 'ended-badly failed BatchFailed'],
  ['failed, whatever it counts', 'I', { status: 'failed', ...counts(2, 1) }, now, 'ended-badly failed BatchFailed'],
  ['failed and names a file', 'I', { status: 'failed', ...error }, now, 'files-ready failed'],
  ['failed for want of room', 'I', { status: 'failed', errors: [noRoom] }, now, 'no-room BatchFailed'],
  ['failed for want of room, in other words', 'I', { status: 'failed', errors: [{ code: null, message: 'Enqueued token limit reached for gpt.', line: null }] }, now, 'no-room BatchFailed'],
  ['failed for want of room among other things', 'I', { status: 'failed', errors: [{ code: 'invalid_json_line', message: 'It is no JSON.', line: 2 }, noRoom] }, now, 'ended-badly failed BatchFailed'],
]

describe('what a batch means for the files that are here', () => {
  test.each(table)('%s: files %s', (_, files, reported, look, verdict) => {
    const given = reported == null ? reported : batch(reported)
    expect(verdictText(onlineVerdict(factsOf(`${files}M`, { batchId: 'batch_1' }), given, look))).toBe(
      verdict,
    )
  })

  test.each(knownRemoteStatuses)('is waited for exactly until it has ended: %s', (status) => {
    for (const look of [now, later, anew]) {
      const verdict = onlineVerdict(factsOf('IM', { batchId: 'batch_1' }), batch({ status }), look)
      expect(verdict.type === 'still-processing').toBe(!isEndedStatus(status))
    }
  })

  test.each(knownRemoteStatuses.filter(isCutShortStatus))(
    'is not called over while files of a batch that was cut short may come: %s',
    (status) => {
      const verdict = onlineVerdict(factsOf('IM', { batchId: 'batch_1' }), batch({ status }), now)
      expect(verdict).toMatchObject({ type: 'not-published', remoteStatus: status, mayStillCome: true })
    },
  )

  test('that the server did not come to keeps the status last seen', () => {
    const facts = factsOf('IM', { batchId: 'batch_1', remoteStatus: 'finalizing' })
    expect(onlineVerdict(facts, undefined, now)).toEqual({
      type: 'still-processing',
      remoteStatus: 'finalizing',
    })
  })
})

describe('the reason of a failed batch', () => {
  test('is told with its code, line and how many more there are, cut to what a line holds', () => {
    const errors = [
      { code: 'invalid_json_line', message: 'x'.repeat(600), line: 7 },
      { code: null, message: null, line: null },
    ]
    const verdict = onlineVerdict(factsOf('IM'), batch({ status: 'failed', errors }), now)
    expect('problem' in verdict && verdict.problem.message).toBe(
      `Batch batch_1 of triple 7 failed at the server: invalid_json_line: ${'x'.repeat(500)} (input line 7); and 1 more`,
    )
  })
})

describe('a status nobody knows', () => {
  test('is said, and cut', () => {
    expect(unknownStatusWarning(batch({ status: 'z'.repeat(200) }))).toContain(`"${'z'.repeat(100)}"`)
  })

  test.each(knownRemoteStatuses)('is none of the eight: %s', (status) => {
    expect(unknownStatusWarning(batch({ status }))).toBeNull()
  })
})

function verdictText(verdict: ReturnType<typeof onlineVerdict>): string {
  return [
    verdict.type,
    'remoteStatus' in verdict ? verdict.remoteStatus : null,
    'problem' in verdict ? verdict.problem.code : null,
    'mayStillCome' in verdict && verdict.mayStillCome ? 'may come' : null,
  ]
    .filter((part) => part !== null)
    .join(' ')
}
