import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fileKinds } from '../../machines/index.js'
import { batchFileName, batchFileNames, parseBatchFileName } from '../../src/workspace/file-names.js'

const uuid = '3d494f55-0a1b-4c2d-8e3f-0123456789ab'
const indices = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String), fc.uuid())

describe('the name of a batch file', () => {
  test('reads back as what it was made from', () => {
    fc.assert(
      fc.property(fc.constantFrom(...fileKinds), indices, (kind, index) => {
        const expected = { type: 'batch-file', kind, index, isCanonical: true }
        expect(parseBatchFileName(batchFileName(kind, index))).toEqual(expected)
      }),
    )
  })

  test('is only ever read from the exact name', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...fileKinds),
        indices,
        fc.string({ minLength: 1 }),
        (kind, index, extra) => {
          const name = batchFileName(kind, index)
          expect(parseBatchFileName(extra + name).type).not.toBe('batch-file')
          expect(parseBatchFileName(name + extra).type).not.toBe('batch-file')
        },
      ),
    )
  })

  test('with a UUID in upper case is that of the triple, under its other spelling', () => {
    const name = `batch_error_${uuid.toUpperCase()}.jsonl`
    expect(parseBatchFileName(name)).toEqual({
      type: 'batch-file',
      kind: 'error',
      index: uuid,
      isCanonical: false,
    })
    expect(batchFileNames('error', uuid)).toEqual([`batch_error_${uuid}.jsonl`, name])
    expect(batchFileNames('error', '7')).toEqual(['batch_error_7.jsonl'])
  })
})

describe('a near miss', () => {
  test.each([
    ['batch_output_4.bak.jsonl', 'something follows the index'],
    ['batch_input_4_duplicate.jsonl', 'something follows the index'],
    ['batch_input_4 (1).jsonl', 'something follows the index'],
    [`batch_input_${uuid}.old.jsonl`, 'something follows the index'],
    ['batch_input_04.jsonl', 'without leading zeros'],
    ['batch_input_99999999999999999999.jsonl', 'does not fit 64 bits'],
    ['batch_input_zzzzzzzz-0a1b-4c2d-8e3f-0123456789ab.jsonl', 'looks like a UUID and is none'],
    [`batch_input_${uuid.replace('d', 'D')}.jsonl`, 'in lower case'],
    ['Batch_Input_4.jsonl', 'in lower case'],
    ['batch_input_4.JSONL', 'in lower case'],
    ['batch_output_4.jsonl.bak', "must end in '.jsonl'"],
    ['batch_output_4.json', "must end in '.jsonl'"],
    ['batch_input.jsonl', "'batch_<kind>_<index>.jsonl'"],
    ['batch_input-4.jsonl', "'batch_<kind>_<index>.jsonl'"],
    ['batch_input_x.jsonl', 'neither a number nor a UUID'],
    ['batch_input_-4.jsonl', 'neither a number nor a UUID'],
  ])('is %s, and is told why', (name, reason) => {
    expect(parseBatchFileName(name)).toEqual({ type: 'near-miss', reason: expect.stringContaining(reason) })
  })
})

describe('lines under a name of somebody else', () => {
  test.each([
    'batch_foo_42.jsonl',
    'batch_42.jsonl',
    'foo_batch_input_42.jsonl',
    'batch_inputs_4.jsonl',
    'file-abc.jsonl',
    'batch_68a1f_output.jsonl',
    'batch_abc_output (1).jsonl',
    'results.jsonl',
    'REQUESTS.JSONL',
  ])('%s is one', (name) => {
    expect(parseBatchFileName(name)).toEqual({ type: 'loose' })
  })
})

describe('names that have nothing to do with us', () => {
  test.each([
    'notes.txt',
    '.hidden.jsonl',
    'notes_output.txt',
    'batch_text_4.txt',
    'batch_output_4.jsonl.part',
    '.batch_output_4.jsonl.0123456789ab.tmp',
    '',
  ])('%j is passed over in silence', (name) => {
    expect(parseBatchFileName(name)).toEqual({ type: 'other' })
  })
})
