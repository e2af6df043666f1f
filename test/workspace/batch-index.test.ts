import { randomUUID } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  batchIndexKind,
  compareBatchIndices,
  newBatchIndex,
  parseBatchIndex,
  requireBatchIndex,
  derivedBatchIndex,
} from '../../src/workspace/batch-index.js'

const numbers = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
const uuids = fc.uuid()
const indices = fc.oneof(numbers, uuids)

describe('a batch index', () => {
  test('is any number of 64 bits in its one spelling', () => {
    fc.assert(
      fc.property(numbers, (text) => {
        expect(parseBatchIndex(text)).toBe(text)
      }),
    )
  })

  test.each([
    '',
    '-1',
    '+1',
    '04',
    '00',
    '1.0',
    '1e3',
    ' 1',
    '1\n',
    '٤',
    '18446744073709551616',
    '99999999999999999999',
  ])('is not %j', (text) => {
    expect(parseBatchIndex(text)).toBeNull()
  })

  test('reaches to the last number of 64 bits', () => {
    expect(parseBatchIndex('18446744073709551615')).toBe('18446744073709551615')
  })

  test('is a UUID of any version, compared in lower case', () => {
    expect(parseBatchIndex('FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF')).toBe(
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    )
    expect(parseBatchIndex('00000000-0000-0000-0000-000000000000')).not.toBeNull()
    fc.assert(
      fc.property(uuids, (uuid) => {
        expect(parseBatchIndex(uuid.toUpperCase())).toBe(uuid)
      }),
    )
  })

  test.each(['g0000000-0000-0000-0000-000000000000', '00000000000000000000000000000000', `${randomUUID()}x`])(
    'is not the near UUID %s',
    (text) => {
      expect(parseBatchIndex(text)).toBeNull()
    },
  )

  test('that is none is refused with what was expected, and at bounded length', () => {
    expect(() => requireBatchIndex('04')).toThrow(/'04' is no batch index.*without leading zeros, or a UUID/)
    expect(() => requireBatchIndex('x'.repeat(10_000))).toThrow(/^.{0,250}$/)
    expect(requireBatchIndex('4')).toBe('4')
  })

  test('tells its kind', () => {
    expect(batchIndexKind('7')).toBe('number')
    expect(batchIndexKind(randomUUID())).toBe('uuid')
  })
})

describe('the order of indices', () => {
  test('is by value for numbers, before all UUIDs, which go by text', () => {
    const low = '00000000-0000-4000-8000-000000000000'
    const high = 'ffffffff-ffff-4fff-8fff-ffffffffffff'
    const sorted = [high, '10', low, '9', '18446744073709551615', '0'].toSorted(compareBatchIndices)
    expect(sorted).toEqual(['0', '9', '10', '18446744073709551615', low, high])
  })

  test('agrees with the values of numbers', () => {
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const byValue = BigInt(left) < BigInt(right) ? -1 : Number(BigInt(left) > BigInt(right))
        expect(Math.sign(compareBatchIndices(left, right))).toBe(byValue)
      }),
    )
  })

  test('is total: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(indices, indices, indices, (a, b, c) => {
        expect(Math.sign(compareBatchIndices(a, b)) + Math.sign(compareBatchIndices(b, a))).toBe(0)
        const [first, second, third] = [a, b, c].toSorted(compareBatchIndices) as [string, string, string]
        expect(compareBatchIndices(first, second)).toBeLessThanOrEqual(0)
        expect(compareBatchIndices(second, third)).toBeLessThanOrEqual(0)
        expect(compareBatchIndices(first, third)).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('new indices', () => {
  test('are random UUIDs of version 4', () => {
    expect(newBatchIndex()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(newBatchIndex()).not.toBe(newBatchIndex())
  })

  test('of a retry are the same for the same retry, others for others, and valid (RFC 9562, version 8)', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        const index = derivedBatchIndex(left)
        expect(index).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(parseBatchIndex(index)).toBe(index)
        expect(derivedBatchIndex(right) === index).toBe(left === right)
      }),
    )
  })

  test('of a retry never change between versions of this package', () => {
    expect(derivedBatchIndex('7 attempt 2')).toBe(derivedBatchIndex('7 attempt 2'))
    expect(derivedBatchIndex('')).toBe('e3b0c442-98fc-8c14-9afb-f4c8996fb924')
  })
})
