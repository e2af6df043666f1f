import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { explore, relive, type Crash, type Failure, type Violation } from './explore.js'
import { tellWithIntruder } from './intruder.js'
import { hashOf } from './random.js'
import { scenarioNamed, scenarios, type Scenario } from './scenarios.js'
import { calmEnd, crashAfterFailures, failEverywhere, failOnce, tell } from './stories.js'
import { Trace } from './world.js'

/** What `npm run simulate` takes; every number has a default, so that it can be left out. */
const { values } = parseArgs({
  options: {
    /** Only these scenarios, with commas between them. */
    scenario: { type: 'string' },
    /** One story, or one run with the crashes or the failure that are named. */
    seed: { type: 'string' },
    /** `<operation>:<fate>` or `<operation>:<fate>:late`, once for each life. */
    crash: { type: 'string', multiple: true },
    /** `<operation>:<fault>`. */
    fail: { type: 'string' },
    /** Lines of the trace that are printed of one run. */
    lines: { type: 'string', default: '60' },
    /** Stories of each scenario, and the first of them. */
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    /** `crashes`, `failures`, `both` (a failure, and a crash later), `stories` or `intruders`. */
    only: { type: 'string' },
    /** Crashes in a row, and which part of those after the first is tried. */
    depth: { type: 'string', default: '1' },
    share: { type: 'string', default: '1' },
  },
})

const chosen = values.scenario?.split(',').map(scenarioNamed) ?? scenarios
const endsAtMs = performance.now() + Number(values.minutes) * 60_000
const now = performance.now.bind(performance)
const isOver = (): boolean => now() > endsAtMs
const wants = (kind: string): boolean => values.only === undefined || values.only === kind
const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  rmSync(fileURLToPath(import.meta.url), { force: true })
  if (values.seed !== undefined) return one(chosen[0] as Scenario, Number(values.seed))
  for (const scenario of chosen) {
    if (wants('crashes')) await crashes(scenario)
    if (wants('failures')) await failures(scenario)
    if (values.only === 'both') await crashesAfterFailures(scenario)
    if (wants('stories')) await stories(scenario)
    if (wants('intruders')) await intruders(scenario)
  }
}

async function one(scenario: Scenario, seed: number): Promise<void> {
  const trace = new Trace(Number(values.lines))
  const faults = await faultsOfOne(scenario, seed, trace)
  say(trace.tail())
  say(`trace ${trace.digest()}`)
  tellFaults(faults)
}

async function faultsOfOne(scenario: Scenario, seed: number, trace: Trace): Promise<readonly string[]> {
  const failure = values.fail === undefined ? undefined : failureIn(values.fail)
  if (values.crash !== undefined) return relive(scenario, seed, values.crash.map(crashIn), trace, failure)
  if (failure !== undefined) return failOnce(scenario, seed, failure, await calmEnd(scenario), trace)
  if (values.only === 'intruders') return tellWithIntruder(scenario, seed, trace)
  return (await tell(scenario, seed, await calmEnd(scenario), trace)).faults
}

function crashIn(text: string): Crash {
  const [operation, fate = '', late] = text.split(':')
  return { operation: Number(operation), fate, isLate: late === 'late' }
}

function failureIn(text: string): Failure {
  const [operation, fault = ''] = text.split(':')
  return { operation: Number(operation), fault }
}

async function crashes(scenario: Scenario): Promise<void> {
  const beganAt = now()
  const [depth, share] = [Number(values.depth), Number(values.share)]
  const isChosen = ({ operation, fate }: Crash, earlier: number): boolean =>
    earlier === 0 || hashOf(`${values.from} ${earlier} ${operation} ${fate}`) < share * 2 ** 32
  const seed = Number(values.from)
  const tally = await explore({ scenario, seed, depth, chosen: isChosen, isOver })
  const { crashes: points, lives, violations } = tally
  say(
    `${scenario.name}: ${points} crash points, ${lives} different ends of them lived on from, ${took(beganAt)}`,
  )
  violations.forEach(tellViolation)
}

async function failures(scenario: Scenario): Promise<void> {
  const beganAt = now()
  const share = Number(values.share)
  const isChosen = (position: number): boolean => hashOf(`${values.from} ${position}`) < share * 2 ** 32
  const { failures: count, violations } = await failEverywhere(
    scenario,
    Number(values.from),
    isChosen,
    isOver,
  )
  say(`${scenario.name}: ${count} failures of one operation, ${took(beganAt)}`)
  violations.forEach(tellViolation)
}

async function crashesAfterFailures(scenario: Scenario): Promise<void> {
  const beganAt = now()
  const [seed, share] = [Number(values.from), Number(values.share) ** 0.5]
  const isIn = (text: string): boolean => hashOf(`${values.from} ${text}`) < share * 2 ** 32
  const tally = await crashAfterFailures(
    scenario,
    seed,
    (position) => isIn(String(position)),
    ({ operation, fate }) => isIn(`${operation} ${fate}`),
    isOver,
  )
  say(
    `${scenario.name}: ${tally.failures} failures of one operation, ${tally.crashes} crash points after them, ${tally.lives} different ends of them lived on from, ${took(beganAt)}`,
  )
  tally.violations.forEach(tellViolation)
}

async function stories(scenario: Scenario): Promise<void> {
  const beganAt = now()
  const wanted = await calmEnd(scenario)
  let [told, lives, operations] = [0, 0, 0]
  const first = Number(values.from)
  for (let seed = first; seed < first + Number(values.seeds) && !isOver(); seed += 1) {
    const story = await tell(scenario, seed, wanted)
    told += 1
    lives += story.lives
    operations += story.operations
    if (story.faults.length > 0)
      tellViolation({ scenario: scenario.name, seed, crashes: [], faults: story.faults })
  }
  say(`${scenario.name}: ${told} stories of ${lives} lives, ${operations} operations, ${took(beganAt)}`)
}

async function intruders(scenario: Scenario): Promise<void> {
  const beganAt = now()
  const first = Number(values.from)
  let told = 0
  for (let seed = first; seed < first + Number(values.seeds) && !isOver(); seed += 1) {
    const faults = await tellWithIntruder(scenario, seed)
    told += 1
    if (faults.length > 0)
      tellViolation({ scenario: `${scenario.name} --only intruders`, seed, crashes: [], faults })
  }
  say(`${scenario.name}: ${told} stories with another process in the folder, ${took(beganAt)}`)
}

const took = (beganAt: number): string => `${((now() - beganAt) / 1_000).toFixed(1)} s`

function tellViolation({ scenario, seed, crashes: lives, failure, faults }: Violation): void {
  const each = lives.map(
    ({ operation, fate, isLate }) => ` --crash ${operation}:${fate}${isLate ? ':late' : ''}`,
  )
  const fail = failure === undefined ? '' : ` --fail ${failure.operation}:${failure.fault}`
  say(`WRONG: npm run simulate -- --seed ${seed} --scenario ${scenario}${each.join('')}${fail}`)
  tellFaults(faults)
}

function tellFaults(faults: readonly string[]): void {
  if (faults.length === 0) return say('Everything is as it should be.')
  process.exitCode = 1
  for (const fault of faults) say(`  ${fault}`)
}

await main()
