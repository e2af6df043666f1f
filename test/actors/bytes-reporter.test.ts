import { expect, test } from 'vitest'
import { bytesReporter } from '../../src/actors/bytes-reporter.js'

test('what was read since last time is told, and another file begins at nothing', () => {
  const told: unknown[] = []
  const report = bytesReporter('7', (event) => told.push(event))
  for (const [kind, bytesRead] of [
    ['input', 10],
    ['input', 25],
    ['output', 5],
    ['output', 5],
    ['error', 40],
  ] as const)
    report({ kind, bytesRead })
  expect(told).toEqual([10, 15, 5, 0, 40].map((bytes) => ({ type: 'bytes.read', index: '7', bytes })))
})
