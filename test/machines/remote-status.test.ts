import { describe, expect, test } from 'vitest'
import {
  adoptionRankOf,
  canBeCancelled,
  isCancelledStatus,
  isCutShortStatus,
  isEndedStatus,
  isFailedStatus,
  isKnownStatus,
  knownRemoteStatuses,
} from '../../machines/index.js'

// OpenAI API reference, "The batch object"; the order is that of adoption, the least worth first.
// oxfmt-ignore
const table = [
  ['failed', { isEnded: true, isCutShort: false, isCancelled: false, canBeCancelled: false }],
  ['cancelled', { isEnded: true, isCutShort: true, isCancelled: true, canBeCancelled: false }],
  ['cancelling', { isEnded: false, isCutShort: false, isCancelled: true, canBeCancelled: false }],
  ['expired', { isEnded: true, isCutShort: true, isCancelled: false, canBeCancelled: false }],
  ['validating', { isEnded: false, isCutShort: false, isCancelled: false, canBeCancelled: true }],
  ['in_progress', { isEnded: false, isCutShort: false, isCancelled: false, canBeCancelled: true }],
  ['finalizing', { isEnded: false, isCutShort: false, isCancelled: false, canBeCancelled: true }],
  ['completed', { isEnded: true, isCutShort: false, isCancelled: false, canBeCancelled: false }],
] as const

const traitsOf = (status: string | null) => ({
  isEnded: isEndedStatus(status),
  isCutShort: isCutShortStatus(status),
  isCancelled: isCancelledStatus(status),
  canBeCancelled: canBeCancelled(status),
})

describe('the status of a batch', () => {
  test.each(table)('%s means %o', (status, traits) => {
    expect(traitsOf(status)).toEqual(traits)
    expect(isKnownStatus(status)).toBe(true)
    expect(isFailedStatus(status)).toBe(status === 'failed')
  })

  test('is one of eight, each worth more than the one before when one of several is adopted', () => {
    expect(knownRemoteStatuses).toEqual(table.map(([status]) => status))
    const ranks = knownRemoteStatuses.map(adoptionRankOf)
    expect(ranks).toEqual([...new Set(ranks)].toSorted((left, right) => left - right))
  })

  test.each([null, '', 'paused', 'Completed', 'constructor', '__proto__'])(
    'that nobody knows ends nothing, and is worth least: %s',
    (status) => {
      expect(traitsOf(status)).toEqual({
        isEnded: false,
        isCutShort: false,
        isCancelled: false,
        canBeCancelled: true,
      })
      if (status === null) return
      expect(isKnownStatus(status)).toBe(false)
      expect(adoptionRankOf(status)).toBeLessThan(Math.min(...knownRemoteStatuses.map(adoptionRankOf)))
    },
  )
})
