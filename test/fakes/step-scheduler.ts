import type { FileSystem } from '../../src/workspace/file-system.js'
import { CrashError } from './fault-file-system.js'
import { steppingFileSystem } from './stepping-file-system.js'

/** One process of several that work on one disk. It does one operation on the disk whenever it is told to. */
export interface StepActor {
  readonly name: string
  /** Goes on until its next operation, which it does not do yet. Called once for each operation. */
  readonly act: (fileSystem: FileSystem) => Promise<void>
}

/** What the actors did, in order: who, and which operation on which path. */
export type StepTrace = readonly string[]

/** Which of those that could go on does so; `last` is who did so before. */
export type Choice = (runnable: readonly string[], last: string | null, step: number) => string

/** More operations than any scenario has; a scenario that does not end is one where somebody is blocked for ever. */
const mostSteps = 5_000

/**
 * Lets the actors do their operations one at a time, in the order that `choose` says. An actor that is named in `crashed`
 * after so many operations does none any more. Rejects with what an actor rejects with, and says in which order that was.
 */
export async function interleave(
  fileSystem: FileSystem,
  actors: readonly StepActor[],
  choose: Choice,
  crashed: Readonly<Record<string, number>> = {},
): Promise<StepTrace> {
  const trace: string[] = []
  const running = actors.map((actor) => begin(actor, fileSystem))
  await Promise.all(running.map((each) => each.arrived()))
  let last: string | null = null
  for (let step = 0; ; step += 1) {
    const alive = running.filter(
      ({ name, steps, next }) => next() !== null && steps() < (crashed[name] ?? Infinity),
    )
    if (alive.length === 0) break
    if (step >= mostSteps)
      throw new Error(`No end after ${mostSteps} operations:\n${trace.slice(-50).join('\n')}`)
    const name = choose(
      alive.map((each) => each.name),
      last,
      step,
    )
    const chosen = alive.find((each) => each.name === name)
    if (chosen === undefined) throw new Error(`${name} cannot go on.`)
    last = name
    trace.push(`${name}: ${chosen.next()}`)
    await chosen.goOn()
  }
  for (const { failure } of running) {
    const error = failure()
    if (error !== null) throw new Error(`${textOf(error)}, after:\n${trace.join('\n')}`, { cause: error })
  }
  return trace
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : 'no error')

const nothing = (): void => {}

function begin({ name, act }: StepActor, fileSystem: FileSystem) {
  let waiting: { readonly what: string; readonly resume: () => void } | null = null
  let steps = 0
  let failure: unknown = null
  let hasEnded = false
  let tellArrival = nothing
  const arrived = (): Promise<void> =>
    waiting !== null || hasEnded ? Promise.resolve() : new Promise((resolve) => (tellArrival = resolve))
  const gate = (what: string): Promise<void> =>
    new Promise((resume) => {
      waiting = { what, resume }
      tellArrival()
    })
  void act(steppingFileSystem(fileSystem, gate))
    .catch((error: unknown) => (failure = error))
    .finally(() => {
      hasEnded = true
      tellArrival()
    })
  return {
    name,
    arrived,
    steps: () => steps,
    next: () => waiting?.what ?? null,
    failure: () => (failure instanceof CrashError ? null : failure),
    async goOn() {
      const { resume } = waiting as NonNullable<typeof waiting>
      waiting = null
      steps += 1
      const arrival = arrived()
      resume()
      await arrival
    },
  }
}

/**
 * Every order in which the actors can do their operations that leaves an actor before it ended at most `mostSwitches`
 * times. Nearly all faults of this kind need one or two such moments (Musuvathi and Qadeer, "Iterative Context Bounding for
 * Systematic Testing of Multithreaded Programs", 2007).
 *
 * @param run runs the scenario anew, each time with another choice
 * @returns how many orders there were
 */
export async function inEveryOrder(
  mostSwitches: number,
  run: (choose: Choice) => Promise<unknown>,
): Promise<number> {
  let orders = 0
  const open: (readonly Switch[])[] = [[]]
  for (let switches = open.pop(); switches !== undefined; switches = open.pop()) {
    const after = switches.at(-1)?.step ?? -1
    const planned: readonly Switch[] = switches
    await run((runnable, last, step) => {
      const change = planned.find((each) => each.step === step)
      const usual = last !== null && runnable.includes(last) ? last : (runnable[0] as string)
      if (change !== undefined && runnable.includes(change.to)) return change.to
      if (step > after && planned.length < mostSwitches) {
        for (const to of runnable) if (to !== usual) open.push([...planned, { step, to }])
      }
      return usual
    })
    orders += 1
  }
  return orders
}

interface Switch {
  readonly step: number
  readonly to: string
}
