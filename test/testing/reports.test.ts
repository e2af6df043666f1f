import { describe, expect, test } from 'vitest'
import { faults, type Fault } from '../../src/testing/index.js'
import { chatInput, clientOf, startAtMs, stillServer, submit } from './client.js'

/** A completed batch of two requests, one of them failed, seen through a fault. */
async function reportsUnder(fault: Fault, reports = 1) {
  const server = stillServer()
  server.plan({ rows: [{ when: 'request-1', answer: 'status-0' }] })
  const client = clientOf(server)
  const { id } = await submit(client, chatInput(2))
  server.finishBatches()
  const scripted = server.script(fault)
  const seen = []
  for (let report = 0; report < reports; report++) seen.push(await client.batches.retrieve(id))
  expect(scripted.hits()).toBeGreaterThan(0)
  return { seen, truth: server.batches()[0] }
}

describe('reports that are not true', () => {
  test('files are published only after a few looks', async () => {
    const { seen, truth } = await reportsUnder(faults.filesUnpublished(2), 3)
    expect(seen.map((batch) => [batch.status, batch.output_file_id, batch.error_file_id])).toEqual([
      ['completed', null, null],
      ['completed', null, null],
      ['completed', truth?.output_file_id, truth?.error_file_id],
    ])
  })

  test('counts lie or are null', async () => {
    const lying = await reportsUnder(faults.lyingCounts())
    expect(lying.truth?.request_counts).toEqual({ total: 2, completed: 1, failed: 1 })
    expect(lying.seen[0]?.request_counts).toEqual({ total: 2, completed: 2, failed: 0 })
    const members = await reportsUnder(faults.nullCounts())
    expect(members.seen[0]?.request_counts).toEqual({ total: null, completed: null, failed: null })
    const whole = await reportsUnder(faults.nullCounts('whole'))
    expect(whole.seen[0]?.request_counts).toBeNull()
  })

  test('a status goes backwards once', async () => {
    const { seen } = await reportsUnder(faults.backwardStatus(), 3)
    expect(seen.map(({ status }) => status)).toEqual(['completed', 'validating', 'completed'])
  })

  test('a status is capitalised', async () => {
    const { seen } = await reportsUnder(faults.capitalisedStatus())
    expect(seen[0]?.status).toBe('Completed')
  })

  test('times are milliseconds or text', async () => {
    const milliseconds = await reportsUnder(faults.otherTimes('milliseconds'))
    expect(milliseconds.seen[0]).toMatchObject({ created_at: startAtMs, failed_at: null })
    const iso = await reportsUnder(faults.otherTimes('iso'))
    expect(iso.seen[0]).toMatchObject({ created_at: '2026-01-02T03:04:05.000Z', failed_at: null })
  })

  test('fields without a value are left out', async () => {
    const { seen } = await reportsUnder(faults.absentNulls())
    expect(Object.keys(seen[0] ?? {})).not.toContain('failed_at')
    expect(Object.values(seen[0] ?? {})).not.toContain(null)
  })

  test('a status is unknown until the batch has ended, and missing file ids are empty texts', async () => {
    const server = stillServer({ faults: [faults.unknownStatus('queued'), faults.emptyFileIds()] })
    const client = clientOf(server)
    const { id, ...created } = await submit(client, chatInput(1))
    expect(created).toMatchObject({ status: 'queued', output_file_id: '', error_file_id: '' })
    server.finishBatches()
    const { data } = await client.batches.list()
    expect(data).toEqual([expect.objectContaining({ id, status: 'completed', error_file_id: '' })])
    expect(data[0]?.output_file_id).toMatch(/^file-/)
  })

  test('a report of the test’s own making is told which report of the batch it bends', async () => {
    const statuses = ['in_progress', 'finalizing', 'in_progress']
    const { seen } = await reportsUnder(
      faults.misreported((batch, { number }) => ({ ...batch, status: statuses[number - 1] ?? batch.status })),
      4,
    )
    expect(seen.map(({ status }) => status)).toEqual([...statuses, 'completed'])
  })
})
