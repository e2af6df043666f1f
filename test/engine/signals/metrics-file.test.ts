import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricsFile } from '../../../src/engine/signals/metrics-file.js'
import { temporaryFolder } from '../../cli/command-line.js'

test('a metrics file is written a second after the first change, then every ten seconds at most', async () => {
  const path = join(await temporaryFolder(), 'a.prom')
  const timers: { readonly callback: () => void; readonly delayMs: number }[] = []
  let nowMs = 1_000_000
  let made = 0
  const clock = {
    now: () => nowMs,
    setTimeout: (callback: () => void, delayMs: number) => timers.push({ callback, delayMs }),
    clearTimeout: () => {},
  }
  const text = (): string => `text ${(made += 1)}\n`
  const file = metricsFile({ path, clock, text, warn: (warning) => expect(warning).toBe('') })
  for (let change = 0; change < 1_000; change += 1) file.touch()
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([1_000])
  timers[0]?.callback()
  await expect.poll(() => readFileSync(path, 'utf8')).toBe('text 1\n')
  nowMs += 4_000
  for (let change = 0; change < 1_000; change += 1) file.touch()
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([1_000, 6_000])
  await file.close()
  expect(readFileSync(path, 'utf8')).toBe('text 2\n')
})
