import { describe, expect, test } from 'vitest'
import {
  countFieldOf,
  noRows,
  rowClasses,
  rowClassesThat,
  rowCountsFrom,
  sumOfRows,
  traitsOf,
} from '../../machines/index.js'

const weights = (isAnswered: boolean) =>
  rowClassesThat((traits) => traits.isAnswered === isAnswered).map((rowClass) => traitsOf(rowClass).weight)

describe('the row classes', () => {
  test('have the words that files on disk use, success first', () => {
    expect(rowClasses).toEqual([
      'success',
      'unproven',
      'semantic',
      'rejected',
      'unrecognised',
      'not-executed',
      'transient',
      'needs-person',
      'permanent',
    ])
  })

  test('count in fields of their own', () => {
    expect(rowClasses.map((rowClass) => countFieldOf(rowClass)).toSorted()).toEqual(
      Object.keys(noRows)
        .filter((field) => field !== 'retryable')
        .toSorted(),
    )
    expect(countFieldOf('not-executed')).toBe('notExecuted')
  })

  test('every row goes well or does not', () => {
    const rows = rowCountsFrom(new Map(rowClasses.map((rowClass) => [rowClass, 1])), 4)
    expect([sumOfRows(rows, 'ok'), sumOfRows(rows, 'failed'), rows.retryable]).toEqual([
      1,
      rowClasses.length - 1,
      4,
    ])
  })

  test('what may have been paid for is never sent again by itself, nor because a person asks for what failed', () => {
    for (const rowClass of rowClassesThat(({ isAnswered }) => isAnswered)) {
      expect(['never', 'by-policy', 'only-when-named']).toContain(traitsOf(rowClass).mayRetry)
    }
  })

  test('a success outweighs all others, and an answer every failure', () => {
    expect(Math.min(...weights(true))).toBeGreaterThan(Math.max(...weights(false)))
    expect(traitsOf('success').weight).toBe(Math.max(...weights(true)))
  })
})
