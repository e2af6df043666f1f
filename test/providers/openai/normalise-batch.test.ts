import { describe, expect, test } from 'vitest'
import { normaliseBatch as normalise } from '../../../src/providers/openai/normalise-batch.js'

const normaliseBatch = (value: unknown) => normalise(value, [])

const batch = (changes: object = {}) => ({
  id: 'batch_1',
  object: 'batch',
  status: 'in_progress',
  ...changes,
})

const countsOf = (counts: unknown) => normaliseBatch(batch({ request_counts: counts }))?.requestCounts

describe('a batch object of any server', () => {
  test('needs no more than an id and a status', () => {
    expect(normaliseBatch({ id: 'batch_1', status: 'validating' })).toEqual({
      batchId: 'batch_1',
      status: 'validating',
      inputFileId: null,
      outputFileId: null,
      errorFileId: null,
      requestCounts: null,
      errors: [],
      endpoint: null,
      createdAtMs: null,
      expiresAtMs: null,
      metadata: {},
    })
  })

  test.each([
    ['a page of HTML', '<!doctype html>'],
    ['an error object', { error: { message: 'no' } }],
    ['nothing', null],
    ['no content', undefined],
    ['the job of another protocol', { job: { id: 'x', status: 'VALIDATING' } }],
    ['a file', { id: 'file_1', object: 'file', status: 'processed' }],
    ['a list', [{ id: 'batch_1', status: 'completed' }]],
    ['an empty id', { id: '', object: 'batch', status: 'completed' }],
  ])('%s is no batch', (_name, value) => {
    expect(normaliseBatch(value)).toBeNull()
  })

  test.each([
    ['Validating', 'validating'],
    ['InProgress', 'in_progress'],
    ['IN_PROGRESS', 'in_progress'],
    ['in-progress', 'in_progress'],
    ['canceled', 'cancelled'],
    ['Canceling', 'cancelling'],
    ['Preparing', 'preparing'],
  ])('the status %s is read as %s', (said, read) => {
    expect(normaliseBatch(batch({ status: said }))?.status).toBe(read)
  })

  test.each(['', '  ', null, undefined, 7])('a file id of %j is absent', (id) => {
    const read = normaliseBatch(batch({ input_file_id: id, output_file_id: id, error_file_id: id }))
    expect([read?.inputFileId, read?.outputFileId, read?.errorFileId]).toEqual([null, null, null])
  })

  test.each([
    ['seconds', 1_767_323_045, Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['milliseconds', 1_767_323_045_123, Date.UTC(2026, 0, 2, 3, 4, 5, 123)],
    ['ISO text', '2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['a number as text', '1767323045', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['the queue that writes 1999 for never', 946_656_000_000, null],
    ['zero', 0, null],
    ['words', 'soon', null],
    ['null', null, null],
  ])('a time in %s is read', (_name, time, atMs) => {
    const read = normaliseBatch(batch({ created_at: time, expires_at: time }))
    expect([read?.createdAtMs, read?.expiresAtMs]).toEqual([atMs, atMs])
  })

  test('counts may be null one by one, as a whole, or text', () => {
    expect(countsOf({ total: 10, completed: null, failed: null })).toEqual({
      total: 10,
      completed: null,
      failed: null,
    })
    expect(countsOf({ total: null, completed: null, failed: null })).toBeNull()
    expect(countsOf(null)).toBeNull()
    expect(countsOf({ total: '8', completed: -1, failed: 1.5 })).toEqual({
      total: 8,
      completed: null,
      failed: null,
    })
  })

  test('the reasons of a failed batch are kept, at most twenty and bounded', () => {
    const data = Array.from({ length: 30 }, (_, index) => ({
      code: 'duplicate_custom_id',
      message: 'x'.repeat(2_000),
      param: null,
      line: index + 1,
    }))
    const errors = normaliseBatch(batch({ status: 'failed', errors: { object: 'list', data } }))?.errors ?? []
    expect(errors).toHaveLength(20)
    expect(errors[4]).toMatchObject({ code: 'duplicate_custom_id', param: null, line: 5 })
    expect(errors[0]?.message?.length).toBeLessThan(600)
  })

  test.each([
    ['a bare list', [{ code: 'a', message: 'b' }]],
    ['one object', { code: 'a', message: 'b' }],
  ])('reasons may come as %s', (_name, errors) => {
    expect(normaliseBatch(batch({ errors }))?.errors).toEqual([
      { code: 'a', message: 'b', param: null, line: null },
    ])
  })

  test('a reason may be one text, and junk is none', () => {
    expect(normaliseBatch(batch({ errors: 'out of memory' }))?.errors).toHaveLength(1)
    expect(normaliseBatch(batch({ errors: { data: [null, 3, {}] } }))?.errors).toEqual([])
  })
})

describe('a batch object that repeats the key', () => {
  const key = 'company-credential-93ab71cc'
  const read = (changes: object) => normalise(batch(changes), [key])

  test.each([
    ['the key', key],
    ['the key in an address', `https://a.test/?key=${encodeURIComponent(key)}`],
    ['a header', `Authorization: Bearer ${key}`],
    ['its beginning', `${key.slice(0, 11)}...`],
    ['its end', `...${key.slice(-9)}`],
  ])('%s is left out of every word that is kept', (_, words) => {
    const data = [{ code: words, message: `No ${words} here`, param: words, line: 1 }]
    for (const errors of [{ data }, words, data[0]]) {
      const text = JSON.stringify(read({ errors, status: words }))
      expect(text).toContain('[key]')
      for (const part of [key, key.slice(0, 11), key.slice(-9)]) expect(text).not.toContain(part)
    }
  })

  test.each(['id', 'input_file_id', 'output_file_id', 'error_file_id'])(
    'is none where its %s holds the key, or is longer than can be kept',
    (field) => {
      expect(read({ [field]: `x-${key}` })).toBeNull()
      expect(read({ [field]: 'x'.repeat(1_025) })).toBeNull()
      expect(read({ [field]: 'x'.repeat(1_024) })).not.toBeNull()
    },
  )

  test('a key that is cut by the bound of a message is left out as well', () => {
    const message = read({ errors: [`${'x'.repeat(495)} ${key}`] })?.errors[0]?.message ?? ''
    expect(message.endsWith('[key…') || message.endsWith('[ke…')).toBe(true)
  })

  test('ids and statuses are kept that share some words with the key', () => {
    const own = 'local-batch-server-completed-0001'
    const ids = { id: 'batch-server-1', output_file_id: 'file-batch-server-2', status: 'completed' }
    expect(normalise(batch(ids), [own])).toMatchObject({
      batchId: 'batch-server-1',
      outputFileId: 'file-batch-server-2',
      status: 'completed',
    })
  })

  test('words are kept where the key is a word of ours', () => {
    expect(normalise(batch({ id: 'batch_test_1', input_file_id: 'test-1' }), ['test'])).toMatchObject({
      batchId: 'batch_test_1',
      inputFileId: 'test-1',
    })
  })
})
