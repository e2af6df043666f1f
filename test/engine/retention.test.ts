import { describe, expect, test } from 'vitest'
import { endsSoon, keptUntilMs, retentionText, retentionWords } from '../../src/engine/retention.js'
import { factsOf, type Notes } from '../machines/harness.js'

const dayMs = 86_400_000
const sent: Notes = { batchId: 'batch_1', submittedAtMs: dayMs, remoteStatus: 'in_progress' }
const ended: Notes = { ...sent, remoteStatus: 'completed', outputFileId: 'file-1', errorFileId: 'file-2' }

describe('answers that are only at the server', () => {
  test.each([
    ['of a batch that had not ended when it was last asked for', 'I', sent],
    ['of a batch that was never asked for', 'I', { ...sent, remoteStatus: null }],
    ['that were announced and never fetched', 'I', ended],
    ['of which one file is missing', 'IO', ended],
  ])('%s are kept for thirty days after it was made, at least', (_, letters, notes) => {
    expect(keptUntilMs(factsOf(letters, notes))).toBe(31 * dayMs)
  })

  test.each([
    ['everything is here', 'IOE', ended],
    ['nothing was announced', 'I', { ...ended, outputFileId: null, errorFileId: null }],
    ['nothing was sent', 'I', {}],
    ['nobody knows when it was made', 'I', { ...sent, submittedAtMs: null }],
  ])('are none where %s', (_, letters, notes) => {
    expect(keptUntilMs(factsOf(letters, notes))).toBeNull()
  })
})

test('is told four days before, and afterwards', () => {
  const untilMs = 31 * dayMs
  expect(endsSoon(null, 0)).toBe(false)
  expect(endsSoon(untilMs, 27 * dayMs)).toBe(false)
  expect(endsSoon(untilMs, 27 * dayMs + 1)).toBe(true)
  expect(retentionText(untilMs, 27 * dayMs)).toBe('')
  expect(retentionText(untilMs, 29 * dayMs)).toBe(' The server deletes the answers in 2 d.')
  expect(retentionText(untilMs, 33 * dayMs)).toBe(' The server may have deleted the answers 2 d ago.')
  expect(retentionWords(untilMs, 29 * dayMs, './b').whatToDo).toMatch(/^`batch-reconciler run \.\/b` fetches/)
})
