import { expect, test } from 'vitest'
import { systemClock, type Clock } from '../../../src/clock.js'
import { settledCommand } from '../../../src/engine/signals/settled-command.js'

const signal = { id: 'msg_1', type: 'settled', body: '{}' } as const

async function warningsOf(command: string, clock: Clock = systemClock): Promise<readonly string[]> {
  const warnings: string[] = []
  const runner = settledCommand({ command, clock, warn: (text) => warnings.push(text) })
  runner.run(signal)
  await runner.close(new AbortController().signal)
  return warnings
}

test('a command that nobody can start is said, and rejects nothing', async () => {
  expect(await warningsOf('echo \0')).toEqual(['The command of --on-settled could not be started.'])
})

test('a command that takes too long is stopped, with what it started', async () => {
  // A minute passes in a tenth of a second, and the second that is left after it as well.
  const clock: Clock = {
    ...systemClock,
    setTimeout: (callback) => systemClock.setTimeout(callback, 100),
  }
  const startedAtMs = performance.now()
  const warnings = await warningsOf("trap '' TERM; sleep 50 & wait; sleep 50", clock)
  expect(warnings).toEqual(['The command of --on-settled took longer than 60 s and was stopped.'])
  expect(performance.now() - startedAtMs).toBeLessThan(5_000)
})

test('a command without output or an end of its own for standard input runs well', async () => {
  expect(await warningsOf('exec <&-; true')).toEqual([])
})
