import { describe, expect, test } from 'vitest'
import { parseBatchIndex, type BatchIndex } from '../../src/index.js'
import { batchIndexKind } from '../../src/workspace/batch-index.js'
import { parseBatchFileName } from '../../src/workspace/file-names.js'

const uuid = '0b6c2d4e-1a2b-4c3d-8e9f-a0b1c2d3e4f5'
const otherUuid = '9f8e7d6c-5b4a-4321-8fed-cba987654321'

/** The index a file name carries; `null` for names that are no batch file's. */
function indexIn(name: string): BatchIndex | null {
  const file = parseBatchFileName(name)
  return file.type === 'batch-file' ? file.index : null
}

/** Whether the name is that of a file of this index. */
const isOf = (index: BatchIndex, name: string): boolean => indexIn(name) === index

/** What kind of index a file name carries. */
function kindIn(name: string): 'number' | 'uuid' | null {
  const index = indexIn(name)
  return index === null ? null : batchIndexKind(index)
}

describe('file names of one index', () => {
  test('I1 index 4 has its three files and no others', () => {
    for (const kind of ['input', 'output', 'error']) expect(isOf('4', `batch_${kind}_4.jsonl`)).toBe(true)
    const others = [
      'batch_input_5.jsonl',
      'batch_unknown_4.jsonl',
      'batch_input_4.txt',
      'input_batch_4.jsonl',
    ]
    expect(others.filter((name) => isOf('4', name))).toEqual([])
  })

  test('I2 a UUID has its three files and no others', () => {
    for (const kind of ['input', 'output', 'error'])
      expect(isOf(uuid, `batch_${kind}_${uuid}.jsonl`)).toBe(true)
    const undashed = uuid.replaceAll('-', '')
    const others = [
      `batch_input_${otherUuid}.jsonl`,
      `batch_input_${undashed}.jsonl`,
      `batch_input_${uuid}.txt`,
    ]
    expect(others.filter((name) => isOf(uuid, name))).toEqual([])
  })

  test('I3 index 0 has files; an empty number, an undashed UUID and another ending have none', () => {
    expect(isOf('0', 'batch_output_0.jsonl')).toBe(true)
    expect(indexIn('batch_output_.jsonl')).toBeNull()
    expect(indexIn(`batch_output_${uuid.replaceAll('-', '')}.jsonl`)).toBeNull()
    expect(indexIn(`batch_output_${uuid}.txt`)).toBeNull()
  })

  test('I4 index 42 has its three files, and garbage around them has none', () => {
    for (const kind of ['input', 'output', 'error']) expect(isOf('42', `batch_${kind}_42.jsonl`)).toBe(true)
    const garbage = [
      'batch_input42.jsonl',
      'batch__42.jsonl',
      'batch_input_42',
      ' batch_input_42.jsonl',
      'batch_input_42.jsonl~',
    ]
    expect(garbage.filter((name) => indexIn(name) !== null)).toEqual([])
  })

  test('I5 a UUID that is one digit short has no files', () => {
    expect(isOf(otherUuid, `batch_error_${otherUuid}.jsonl`)).toBe(true)
    expect(indexIn(`batch_error_${otherUuid.slice(0, -1)}.jsonl`)).toBeNull()
    expect(indexIn(`batch_error_${otherUuid}0.jsonl`)).toBeNull()
  })

  test('I6 no index at all is no batch file', () => {
    expect(isOf('7', 'batch_input_7.jsonl')).toBe(true)
    expect(indexIn('batch_input_.json')).toBeNull()
    expect(indexIn('batch_input_.jsonl')).toBeNull()
    expect(indexIn('batch_input.jsonl')).toBeNull()
  })
})

describe('kinds of indices', () => {
  test('I7 numbers are decimal and have one spelling: 0000 is none, 999999999 is', () => {
    for (const number of ['1', '123', '42', '0', '999999999'])
      expect(kindIn(`batch_input_${number}.jsonl`)).toBe('number')
    const others = [
      'batch_input_0000.jsonl',
      'batch_input_a.jsonl',
      'batch_input_-1.jsonl',
      'batch_unknown_1.jsonl',
      'batch_input_1.txt',
      'input_batch_1.jsonl',
    ]
    expect(others.filter((name) => kindIn(name) !== null)).toEqual([])
  })

  test('I8 UUIDs are hexadecimal and have their dashes', () => {
    expect(kindIn(`batch_output_${uuid}.jsonl`)).toBe('uuid')
    const nonHex = uuid.replace('a', 'g')
    expect(kindIn(`batch_output_${uuid.replaceAll('-', '')}.jsonl`)).toBeNull()
    expect(kindIn(`batch_output_${nonHex}.jsonl`)).toBeNull()
    expect(kindIn(`batch_output_${uuid}.txt`)).toBeNull()
  })

  test('I9 zero is a number; nothing, another ending and a short UUID are no index', () => {
    expect(kindIn('batch_error_0.jsonl')).toBe('number')
    expect(kindIn('batch_error_.jsonl')).toBeNull()
    expect(kindIn('batch_error_0.json')).toBeNull()
    expect(kindIn('batch_error_0b6c2d4e-1a2b-4c3d-8e9f.jsonl')).toBeNull()
  })

  test('I10 9999 is a number, in every kind of file', () => {
    for (const kind of ['input', 'output', 'error', 'metadata']) {
      expect(kindIn(`batch_${kind}_9999.jsonl`)).toBe('number')
    }
  })

  test('I11 a name that stops before its index is no batch file', () => {
    expect(kindIn('batch_input_')).toBeNull()
    expect(parseBatchIndex('')).toBeNull()
  })

  test('I12 a UUID of any version is an index, also one of nothing but zeros', () => {
    for (const text of ['00000000-0000-0000-0000-000000000000', '018f4e2a-7c1d-7b3e-9a5f-2c4d6e8f0a1b']) {
      expect(kindIn(`batch_metadata_${text}.jsonl`)).toBe('uuid')
      expect(kindIn(`batch_metadata_${text.slice(1)}.jsonl`)).toBeNull()
    }
  })
})
