import { expect, test } from 'vitest'
import { ticksBetween } from '../../../src/inspect/page/time-ticks.js'

const at = (hours: number, minutes = 0): number => new Date(2026, 10, 27, hours, minutes).getTime()

test('a morning has its full hours', () => {
  const labels = ticksBetween(at(6, 40), at(11, 10), 6).map(({ label }) => label)
  expect(labels).toEqual(['07:00', '08:00', '09:00', '10:00', '11:00'])
})

test('a midnight says its day', () => {
  const labels = ticksBetween(at(-7), at(13), 6).map(({ label }) => label)
  expect(labels).toEqual(['18:00', 'Nov 27', '06:00', '12:00'])
})

test('seconds are written where steps are shorter than a minute', () => {
  const fromMs = at(6, 40)
  expect(ticksBetween(fromMs, fromMs + 20_000, 5).map(({ label }) => label)).toEqual([
    '06:40:00',
    '06:40:05',
    '06:40:10',
    '06:40:15',
    '06:40:20',
  ])
})

test.each([
  ['no time at all', 5, 5],
  ['a time that goes back', 9, 5],
  ['what is no number', Number.NaN, 5],
  ['longer than any step', 0, 1e15],
])('%s has none', (_, fromMs, toMs) => {
  expect(ticksBetween(fromMs, toMs, 6)).toEqual([])
})
