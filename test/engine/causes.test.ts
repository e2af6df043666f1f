import { describe, expect, test } from 'vitest'
import { problemCodes } from '../../machines/index.js'
import { causesOf, kindOf, mostKinds, type ToldCause } from '../../src/engine/causes.js'

const told = (
  index: string,
  why: string,
  more: Partial<ToldCause> & { readonly whatToDo?: string } = {},
): ToldCause => ({
  index,
  code: 'AccessDenied',
  story: {
    stuck: 'needs-attention',
    why,
    whatToDo: more.whatToDo ?? 'Check the key.',
  },
  ...more,
})

/** Messages of many kinds. */
const words = (at: number): string => String.fromCodePoint(0x4e00 + at)

describe('triples that stand still for one cause', () => {
  test('are told once, with their count, the first ones by name, and the other causes behind', () => {
    const refused = Array.from({ length: 38 }, (_, at) =>
      told(`${at}`, `401 for batch_${at}9ab of triple ${at}: wrong key.`),
    )
    const causes = causesOf([...refused, told('99', 'The disk is full.', { code: 'DiskFull' })])
    expect(causes).toMatchObject([
      { count: 38, code: 'AccessDenied', sample: ['0', '1', '2', '3', '4'], isCureCommon: true },
      { count: 1, code: 'DiskFull', sample: ['99'] },
    ])
  })

  test('are one whichever call met the refusal', () => {
    const calls = ['batches.list', 'batches.retrieve', 'files.content', 'files.create']
    const causes = causesOf(calls.map((call, at) => told(`${at}`, `host answered ${call} with 401: no.`)))
    expect(causes).toMatchObject([{ count: 4 }])
  })

  test('differ by the status of a refusal', () => {
    const statuses = [401, 403, 401]
    const causes = causesOf(
      statuses.map((status, at) => told(`${at}`, `host:80 answered batches.retrieve with ${status}: no.`)),
    )
    expect(causes.map(({ count }) => count)).toEqual([2, 1])
  })

  test('differ when one is stuck and the other is not, or their codes differ', () => {
    const one = told('1', 'no')
    const { story } = one
    const calm = { ...one, story: { ...story, stuck: null } }
    expect(causesOf([one, calm, { ...one, code: 'DiskFull' }, one]).map(({ count }) => count)).toEqual([
      2, 1, 1,
    ])
  })

  test('do not share a cure that speaks of one of them', () => {
    const causes = causesOf([
      told('1', 'no', { whatToDo: 'retry 1' }),
      told('2', 'no', { whatToDo: 'retry 2' }),
    ])
    expect(causes).toMatchObject([{ count: 2, isCureCommon: false }])
  })

  test('are few however many messages there are, and no code is lost among them', () => {
    const many = Array.from({ length: 5_000 }, (_, at) => told('1', words(at)))
    const others = problemCodes.map((code) => told('2', 'late', { code }))
    const causes = causesOf([...many, ...others])
    expect(causes.length).toBeLessThanOrEqual(mostKinds + problemCodes.length)
    expect(new Set(causes.map(({ code }) => code))).toEqual(new Set(problemCodes))
    expect(causes.reduce((sum, { count }) => sum + count, 0)).toBe(5_000 + problemCodes.length)
    expect(causes.filter(({ isOneKind }) => isOneKind)).toHaveLength(mostKinds)
  })
})

test.each([
  ['12 of 30 answers of triple 1 are missing', '1', '3 of 4,000 answers of triple 99 are missing', '99'],
  ['batch_a1b2 is gone', '1', 'batch_zz is gone', '2'],
  ['retry-0a1b2c3d stands', 'retry-0a1b2c3d', 'retry-ffffffff stands', 'retry-ffffffff'],
  ['at 10:06:01.5', '1', 'at 9:12', '1'],
])('"%s" of %s is of the kind of "%s" of %s', (one, ofOne, other, ofOther) => {
  expect(kindOf(one, ofOne)).toBe(kindOf(other, ofOther))
})

test('another reason is another kind', () => {
  expect(kindOf('connect ECONNREFUSED', '1')).not.toBe(kindOf('connect ETIMEDOUT', '1'))
})
