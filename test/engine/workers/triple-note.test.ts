import { describe, expect, test } from 'vitest'
import {
  needOf,
  quotaPauseMs,
  waitsForSomebody,
  type TripleNote,
} from '../../../src/engine/workers/triple-note.js'
import { namesOf } from '../../../src/engine/sleeping-triples.js'
import { locateTriple } from '../../../src/workspace/locate-triple.js'
import { withWorkspace } from '../../workspace/support.js'

const failed: TripleNote = {
  state: 'failed',
  names: '',
  fingerprint: '',
  batchId: null,
  requests: 0,
  createdAtMs: null,
  remoteStatus: null,
  restedAtMs: 1_000,
  isPassing: false,
  isHeldBack: false,
  hasNews: false,
  againAtMs: null,
  couldSubmit: true,
}

describe('a triple that waits for somebody', () => {
  test.each([
    ['failed', failed, true],
    ['without its input', { ...failed, state: 'missing-input' }, true],
    ['stopped by something that passes', { ...failed, isPassing: true }, false],
    ['without room', { ...failed, isHeldBack: true }, false],
    [
      'waiting for its batch',
      { ...failed, state: 'awaiting-online-files.waiting', batchId: 'batch_1' },
      false,
    ],
  ] satisfies readonly (readonly [string, TripleNote, boolean])[])('%s', (_, note, waits) => {
    expect(waitsForSomebody(note)).toBe(waits)
  })

  test('for quota is tried again after ten minutes, at a poll, and not before', () =>
    withWorkspace({ 'workdir/batch_input_7.jsonl': '' }, async (workspace) => {
      const triple = await locateTriple(workspace, '7')
      const note = { ...failed, names: namesOf(triple), againAtMs: failed.restedAtMs + quotaPauseMs }
      const at = (nowMs: number, isPollDue = true) =>
        needOf(triple, note, { isPollDue, maySubmit: true, nowMs })
      expect(at(note.againAtMs - 1)).toBe('nothing')
      expect(at(note.againAtMs)).toBe('work')
      expect(at(note.againAtMs, false)).toBe('nothing')
    }))
})
