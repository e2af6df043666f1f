import { describe, expect, test } from 'vitest'
import { explore, relive, type Crash } from './explore.js'
import { tellWithIntruder } from './intruder.js'
import { beginningOf, live } from './lives.js'
import { networkFaults } from './network.js'
import { hashOf } from './random.js'
import { scenarioNamed, scenarios, type Scenario } from './scenarios.js'
import { calmEnd, crashAfterFailures, failEverywhere, failOnce, tell } from './stories.js'
import { Trace, type Plan } from './world.js'

/**
 * A fixed part of what `npm run simulate` tries, small enough for every run of the tests. What is printed for a violation
 * there (`--crash`, `--seed`) is what is written down here.
 */
const everyNth: Readonly<Record<string, number>> = {
  submit: 30,
  expired: 60,
  move: 4,
  large: 12,
  callbacks: 3,
  import: 4,
  workers: 300,
  queue: 300,
}
const names = scenarios.map(({ name }) => name)

async function traceOf(scenario: Scenario, seed: number): Promise<string> {
  const trace = new Trace()
  await live({ scenario, standing: beginningOf(scenario), seed, life: 1, trace })
  return trace.digest()
}

describe('a simulated run', () => {
  test.each(names)('follows from its seed, operation for operation: %s', async (name) => {
    const scenario = scenarioNamed(name)
    expect(await traceOf(scenario, 7)).toBe(await traceOf(scenario, 7))
  })

  test('goes another way with another seed', async () => {
    const scenario = scenarioNamed('move')
    expect(await traceOf(scenario, 7)).not.toBe(await traceOf(scenario, 8))
  })

  test.each(names)('that loses its power anywhere ends as if it had not: %s', async (name) => {
    const nth = everyNth[name] ?? 1
    const chosen = ({ operation, fate }: Crash): boolean => hashOf(`${operation} ${fate}`) % nth === 0
    const { crashes, lives, violations } = await explore({
      scenario: scenarioNamed(name),
      seed: 1,
      depth: 1,
      chosen,
    })
    expect(violations).toEqual([])
    expect(lives).toBeGreaterThan(5)
    expect(crashes).toBeGreaterThan(lives)
  })

  /** After these crashes something was wrong once, as long as operations have these numbers. */
  test.each([
    ['move', '14:names-kept'],
    ['submit', '416:additions-kept'],
    ['import', '157:killed'],
    ['workers', '1090:all-lost'],
  ])('that loses its power where it did harm once: %s, %s', async (name, crash) => {
    const [operation, fate = ''] = crash.split(':')
    const crashes = [{ operation: Number(operation), fate, isLate: false }]
    expect(await relive(scenarioNamed(name), 1, crashes, new Trace())).toEqual([])
  })

  test.each(names)('in which one operation fails ends as if it had not: %s', async (name) => {
    const nth = 40 * (everyNth[name] ?? 1) ** 0.5
    const { failures, violations } = await failEverywhere(
      scenarioNamed(name),
      1,
      (position) => position % Math.ceil(nth) === 0,
    )
    expect(violations).toEqual([])
    expect(failures).toBeGreaterThan(2)
  })

  test.each(names)('in which one operation fails, and that loses its power later: %s', async (name) => {
    const nth = everyNth[name] ?? 1
    const { failures, crashes, violations } = await crashAfterFailures(
      scenarioNamed(name),
      1,
      (position) => position % Math.ceil(400 * nth ** 0.5) === 7,
      ({ operation, fate }) => hashOf(`${operation} ${fate}`) % (10 * nth) === 0,
    )
    expect(violations).toEqual([])
    expect(Math.min(failures, crashes)).toBeGreaterThan(0)
  })

  test.each(['submit', 'expired'])('settles what fails on the network without a person: %s', async (name) => {
    const scenario = scenarioNamed(name)
    const calls: number[] = []
    const plan: Plan = {
      beforeOperation: ({ operations }, { request }) => void (request !== null && calls.push(operations)),
    }
    await live({ scenario, standing: beginningOf(scenario), seed: 1, life: 1, plan })
    const wanted = await calmEnd(scenario)
    for (const [at, operation] of calls.entries()) {
      // Each call fails in one way here, another one each; `--only failures` tries all.
      const fault = networkFaults[at % networkFaults.length] ?? ''
      const told = await failOnce(scenario, 1, { operation, fault }, wanted)
      expect(told, `npm run simulate -- --scenario ${name} --seed 1 --fail ${operation}:${fault}`).toEqual([])
    }
    expect(calls.length).toBeGreaterThan(networkFaults.length)
  })

  /** In these something went wrong once, beside the first few. */
  const known: Readonly<Record<string, readonly number[]>> = {
    import: [16, 85, 90, 31_272, 70_096, 70_159],
    workers: [23, 30, 50],
    expired: [30],
    submit: [20_205, 20_347],
  }

  test.each(names)('in which much goes wrong at once ends as if nothing had: %s', async (name) => {
    const scenario = scenarioNamed(name)
    const wanted = await calmEnd(scenario)
    for (const seed of [1, 2, 3, 4, ...(known[name] ?? [])])
      expect(
        await tell(scenario, seed, wanted),
        `npm run simulate -- --scenario ${name} --seed ${seed}`,
      ).toMatchObject({ faults: [] })
  })

  const knownIntruders: Readonly<Record<string, readonly number[]>> = { submit: [278] }

  test.each(names)(
    'beside a process that changes its files loses nothing and proves what is done: %s',
    async (name) => {
      for (const seed of [1, 2, 3, 4, 5, 6, ...(knownIntruders[name] ?? [])])
        expect(
          await tellWithIntruder(scenarioNamed(name), seed),
          `npm run simulate -- --scenario ${name} --only intruders --seed ${seed}`,
        ).toEqual([])
    },
  )
})

const onDisk = (scenario: Scenario, change: (fs: FileSystemOfWorld) => FileSystemOfWorld): Scenario => ({
  ...scenario,
  work: (process) => scenario.work({ ...process, fileSystem: change(process.fileSystem) }),
})

describe('the simulation', () => {
  test.each([
    ['directories', (fs: FileSystemOfWorld) => ({ ...fs, syncDirectory: async () => {} })],
    [
      'files',
      (fs: FileSystemOfWorld): FileSystemOfWorld => ({
        ...fs,
        open: async (path, mode) => ({ ...(await fs.open(path, mode)), sync: async () => {} }),
      }),
    ],
  ])('sees what is lost where syncs of %s do nothing', async (_, change) => {
    const { violations } = await explore({
      scenario: onDisk(scenarioNamed('move'), change),
      seed: 1,
      depth: 1,
    })
    const [first] = violations
    if (first === undefined) throw new Error('Nothing was found.')
    const told = await relive(
      onDisk(scenarioNamed(first.scenario), change),
      first.seed,
      first.crashes,
      new Trace(),
    )
    expect(told).toEqual(first.faults)
  })
})

type FileSystemOfWorld = Parameters<Scenario['work']>[0]['fileSystem']
