import { describe, expect, test } from 'vitest'
import { wayBetween } from '../../../src/inspect/chart/way-between.js'

describe('the way of a step on the chart', () => {
  test('is one edge where the step is a transition', () => {
    expect(wayBetween('awaiting-online-files.waiting', 'awaiting-online-files.checking')).toEqual([
      { from: 'awaiting-online-files.waiting', to: 'awaiting-online-files.checking' },
    ])
  })

  test('leads through states that are left at once', () => {
    expect(wayBetween('deciding.surveying', 'checking-ids.checking')).toEqual([
      { from: 'deciding.surveying', to: 'deciding.choosing' },
      { from: 'deciding.choosing', to: 'checking-ids.checking' },
    ])
  })

  test('leads through two of them in a row', () => {
    expect(wayBetween('deciding.surveying', 'submitting.waiting-for-leave').map(({ to }) => to)).toEqual([
      'deciding.choosing',
      'submitting.deciding-leave',
      'submitting.waiting-for-leave',
    ])
  })

  test('is empty for steps the chart does not know, and never leads through a state that rests', () => {
    expect(wayBetween('start', 'deciding.surveying')).toEqual([])
    expect(wayBetween('__proto__', 'constructor')).toEqual([])
    expect(wayBetween('awaiting-online-files.waiting', 'awaiting-online-files.downloading')).toEqual([])
  })
})
