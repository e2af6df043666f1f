import type { AnyStateNode } from 'xstate'
import { describe, expect, test } from 'vitest'
import { getAdjacencyMap, type AdjacencyValue } from 'xstate/graph'
import {
  longestDelayMs,
  statePathOf,
  tripleMachine,
  type TripleEvent,
  type TripleSnapshot,
} from '../../machines/index.js'
import { driveTriple, flushPromises } from './harness.js'
import { eventsIn, sourceOf, type EventSource, type ModelEvent } from './model.js'

const input = { index: '7', limits: { maxRetries: 1, maxLooksAgain: 1 } }

interface Edge {
  readonly from: number
  readonly to: number
  readonly event: ModelEvent
  readonly source: EventSource
}

interface Graph {
  readonly states: readonly TripleSnapshot[]
  readonly edges: readonly Edge[]
}

type Node = AdjacencyValue<TripleSnapshot, ModelEvent>

const graph = wholeGraph()
const restingStates = [
  'awaiting-online-files.waiting',
  'done',
  'failed',
  'missing-input',
  'submitting.waiting-for-leave',
  'submitting.waiting-for-room',
]

describe('the whole graph of a triple, every context counted', () => {
  test('is large enough to mean something, and reaches every state of the machine', () => {
    const reached = new Set(graph.states.map(statePathOf))
    const transient = ['checking-ids.accounted', 'deciding.choosing', 'processing-errors.logged']
    transient.push('processing-outputs.processed', 'submitting.deciding-leave')
    expect([...reached, ...transient].toSorted()).toEqual(leafPaths(tripleMachine.root).toSorted())
    expect(graph.states.length).toBeGreaterThan(10_000)
  })

  test('rests in six states, and there alone nothing happens by itself', () => {
    const moving = new Set(graph.edges.filter(({ source }) => source !== 'outside').map(({ from }) => from))
    const still = graph.states.filter((_, key) => !moving.has(key))
    expect([...new Set(still.map(statePathOf))].toSorted()).toEqual(restingStates)
    expect(still.every((state) => state.hasTag('resting'))).toBe(true)
  })

  test('leads from every state to done, failed or missing-input', () => {
    const settled = keysWhere((state) => ['done', 'failed', 'missing-input'].includes(statePathOf(state)))
    const hopeful = leadingTo(settled)
    const stuck = graph.states.filter((_, key) => !hopeful.has(key))
    expect(stuck.map(statePathOf)).toEqual([])
  })

  test('comes to rest without help from outside, whatever the steps answer', () => {
    expect(findCircle(graph.edges.filter(({ source }) => source !== 'outside'))).toEqual([])
  })

  test('goes nowhere but to backing off or to failed after a step that failed', () => {
    const failures = graph.edges.filter(({ event }) => 'error' in event)
    const onwards = failures.filter(({ to }) => !isStopped(stateAt(to)))
    expect(failures.length).toBeGreaterThan(1_000)
    expect(onwards.map(describeEdge).slice(0, 5)).toEqual([])
  })

  test('parks no triple without a problem that says why', () => {
    const silent = graph.states.filter((state) => state.hasTag('parked') && state.context.problem === null)
    expect(silent.map(statePathOf)).toEqual([])
  })

  test('moves only what was processed after its ids added up, or whose move had begun', () => {
    const before = new Set(
      graph.edges
        .filter(({ from, to }) => isMoving(stateAt(to)) && !isMoving(stateAt(from)))
        .map(describeEdge),
    )
    expect([...before].toSorted()).toEqual([
      'deciding.surveying -> moving-to-done.moving',
      'processing-errors.logging -> moving-to-done.recording',
      'processing-errors.retrying -> moving-to-done.recording',
      'processing-outputs.processing -> moving-to-done.recording',
    ])
    const recording = graph.states.filter((state) =>
      statePathOf(state).startsWith('moving-to-done.recording'),
    )
    const unproven = recording.filter(
      ({ context }) => context.counts === null || context.counts.missing !== context.notExecuted,
    )
    expect(unproven).toEqual([])
  })

  test('starts to process only when the check said that all is accounted for', () => {
    const into = graph.edges.filter(
      ({ from, to }) => isProcessing(stateAt(to)) && !isProcessing(stateAt(from)),
    )
    const answers = new Set(into.map(({ event }) => (event.output as { type: string }).type))
    expect([...answers]).toEqual(['accounted'])
  })
})

describe('the shortest path to each transition', () => {
  test('goes the same way on a living triple, step by step', async () => {
    const paths = shortestPaths()
    expect(paths.length).toBeGreaterThan(100)
    for (const path of withoutPrefixes(paths)) await replay(path)
  })
})

type Path = readonly Edge[]

/** Plays a path on a started actor: its steps end as the path says, its timers run on a simulated clock. */
async function replay(path: Path): Promise<void> {
  let endStep: { resolve: (output: unknown) => void; reject: (error: unknown) => void } | null = null
  const triple = driveTriple(() => new Promise((resolve, reject) => (endStep = { resolve, reject })), input)
  const act = ({ event, source }: Edge): void => {
    if (source === 'timer') triple.clock.increment(longestDelayMs)
    else if (source === 'outside') triple.actor.send({ type: event.type } as TripleEvent)
    else if ('error' in event) endStep?.reject(event.error)
    else endStep?.resolve(event.output)
  }
  await flushPromises()
  for (const edge of path) {
    act(edge)
    await flushPromises()
    expect(serializeState(triple.actor.getSnapshot())).toBe(serializeState(stateAt(edge.to)))
  }
  triple.actor.stop()
}

/** One path for each kind of transition: from where, by what, to where, whatever the counters say. */
function shortestPaths(): readonly Path[] {
  const pathTo = new Map<number, Path>([[0, []]])
  const pathOfKind = new Map<string, Path>()
  const edgesFrom = groupBy(graph.edges, ({ from }) => from)
  // A map hands out what is added while it is walked: this is a breadth-first search.
  for (const [key, path] of pathTo) {
    for (const edge of edgesFrom.get(key) ?? []) {
      const longer = [...path, edge]
      if (!pathTo.has(edge.to)) pathTo.set(edge.to, longer)
      const kind = describeEdge(edge) + JSON.stringify(edge.event)
      if (!pathOfKind.has(kind)) pathOfKind.set(kind, longer)
    }
  }
  return [...pathOfKind.values()]
}

function withoutPrefixes(paths: readonly Path[]): readonly Path[] {
  const inner = new Set(paths.flatMap((path) => path.slice(1).map((_, at) => trailOf(path.slice(0, at + 1)))))
  return paths.filter((path) => !inner.has(trailOf(path)))
}

const trailOf = (path: Path): string => JSON.stringify(path.map(({ event }) => event))

function serializeState({ value, context }: TripleSnapshot): string {
  return JSON.stringify([value, context])
}

function wholeGraph(): Graph {
  const options = { input, serializeState, events: eventsIn as never, limit: 1_000_000 }
  const map = getAdjacencyMap(tripleMachine, options) as unknown as Readonly<Record<string, Node>>
  const numberOf = new Map(Object.keys(map).map((key, number) => [key, number]))
  const edges = Object.values(map).flatMap(({ transitions }, from) =>
    Object.values(transitions).map(({ event, state }) => {
      const to = numberOf.get(serializeState(state)) ?? -1
      return { from, to, event, source: sourceOf(event) }
    }),
  )
  return { states: Object.values(map).map(({ state }) => state), edges }
}

function stateAt(key: number): TripleSnapshot {
  const state = graph.states[key]
  if (state === undefined) throw new Error(`The graph has no state ${key}.`)
  return state
}

const isMoving = (state: TripleSnapshot): boolean => state.matches('moving-to-done')
const isStopped = (state: TripleSnapshot): boolean => state.matches('failed') || state.hasTag('backing-off')
const isProcessing = (state: TripleSnapshot): boolean =>
  state.matches('processing-errors') || state.matches('processing-outputs')

const describeEdge = ({ from, to }: Edge): string =>
  `${statePathOf(stateAt(from))} -> ${statePathOf(stateAt(to))}`

function keysWhere(holds: (state: TripleSnapshot) => boolean): number[] {
  return [...graph.states.keys()].filter((key) => holds(stateAt(key)))
}

/** All states from which one of the targets can be reached. */
function leadingTo(targets: readonly number[]): ReadonlySet<number> {
  const sources = groupBy(graph.edges, ({ to }) => to)
  const found = new Set(targets)
  for (const key of found) for (const { from } of sources.get(key) ?? []) found.add(from)
  return found
}

/** The states that lie on a circle or can only be left into one: what is left when all dead ends are taken away. */
function findCircle(edges: readonly Edge[]): readonly string[] {
  const waysOut = new Map<number, number>()
  for (const { from } of edges) waysOut.set(from, (waysOut.get(from) ?? 0) + 1)
  const sources = groupBy(edges, ({ to }) => to)
  const deadEnds = [...graph.states.keys()].filter((key) => !waysOut.has(key))
  for (const key of deadEnds) {
    for (const { from } of sources.get(key) ?? []) {
      const left = (waysOut.get(from) ?? 0) - 1
      waysOut.set(from, left)
      if (left === 0) deadEnds.push(from)
    }
  }
  return [...waysOut].filter(([, left]) => left > 0).map(([key]) => statePathOf(stateAt(key)))
}

function groupBy(edges: readonly Edge[], keyOf: (edge: Edge) => number): ReadonlyMap<number, Edge[]> {
  const groups = new Map<number, Edge[]>()
  for (const edge of edges) {
    const group = groups.get(keyOf(edge))
    if (group === undefined) groups.set(keyOf(edge), [edge])
    else group.push(edge)
  }
  return groups
}

function leafPaths(node: AnyStateNode): string[] {
  const children = Object.values(node.states) as AnyStateNode[]
  return children.length === 0 ? [node.path.join('.')] : children.flatMap(leafPaths)
}
