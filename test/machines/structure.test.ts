import { createActor, type AnyActorLogic, type AnyStateMachine, type AnyStateNode } from 'xstate'
import { describe, expect, test } from 'vitest'
import { outcomeOf, schedulerMachine, tripleMachine } from '../../machines/index.js'
import { factsOf, flushPromises, driveTriple, runToRest, stepNames } from './harness.js'

const machines: readonly (readonly [string, AnyStateMachine, unknown])[] = [
  ['triple', tripleMachine, { index: '7' }],
  ['scheduler', schedulerMachine, { triples: 3, maxLive: 2 }],
]

describe.each(machines)('the %s machine', (name, machine, input) => {
  const nodes = nodesOf(machine.root)

  test('starts', () => {
    const actor = createActor(machine, { input }).start()
    expect(actor.getSnapshot().status).toBe('active')
    actor.stop()
  })

  test('carries its name as id, so that event types and state ids read well', () => {
    expect(machine.id).toBe(name)
  })

  test('begins each compound state in a state of its own', () => {
    const compound = nodes.filter(({ type }) => type === 'compound')
    const astray = compound.filter((node) => {
      const [target] = node.initial.target
      return target === undefined || !Object.values(node.states).includes(target)
    })
    expect(idsOf(astray)).toEqual([])
  })

  test('goes only to states that exist', () => {
    const targets = nodes.flatMap(transitionsOf).flatMap(({ target }) => target ?? [])
    expect(targets.length).toBeGreaterThan(0)
    expect(idsOf(targets.filter((target) => !nodes.includes(target)))).toEqual([])
  })

  test('names each state as the house style says: lower case, words joined by dashes', () => {
    for (const node of nodes) expect(node.key).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  test('has a way out of every state but the final ones', () => {
    const stuck = nodes.filter(
      (node) => node.type === 'atomic' && [node, ...ancestorsOf(node)].flatMap(transitionsOf).length === 0,
    )
    expect(idsOf(stuck)).toEqual([])
  })
})

describe('the states of a triple', () => {
  test('have the six promised names at the top, and four more', () => {
    expect(Object.keys(tripleMachine.states).toSorted()).toEqual([
      'awaiting-online-files',
      'checking-ids',
      'deciding',
      'done',
      'failed',
      'missing-input',
      'moving-to-done',
      'processing-errors',
      'processing-outputs',
      'submitting',
    ])
  })

  test('only one of them is final', () => {
    const finals = nodesOf(tripleMachine.root).filter(({ type }) => type === 'final')
    expect(finals.map(({ key }) => key)).toEqual(['done'])
  })

  test('each invoke one actor at most, under its own name', () => {
    const nodes = nodesOf(tripleMachine.root)
    const invoked = nodes.flatMap(({ invoke }) => invoke.map(({ id, src }) => `${id} runs ${src as string}`))
    expect([...new Set(invoked)].toSorted()).toEqual(
      stepNames.map((name) => `${name} runs ${name}`).toSorted(),
    )
    expect(idsOf(nodes.filter(({ invoke }) => invoke.length > 1))).toEqual([])
  })

  test('hear nothing from outside while a step runs, so that no step can end too late', () => {
    const working = nodesOf(tripleMachine.root).filter(({ invoke }) => invoke.length > 0)
    const heard = working.flatMap((node) => [node, ...ancestorsOf(node)].flatMap(transitionsOf))
    const outside = heard.map(({ eventType }) => eventType).filter((type) => !type.startsWith('xstate.'))
    expect(outside).toEqual([])
  })

  test('say by their tags whether something works, backs off or rests', () => {
    const leaves = nodesOf(tripleMachine.root).filter(({ type }) => type !== 'compound')
    const said = Object.fromEntries(leaves.map((node) => [node.id, moodsOf(node)]))
    expect(said).toEqual(Object.fromEntries(leaves.map((node) => [node.id, expectedMoodsOf(node)])))
  })
})

describe('a triple machine nobody gave actors to', () => {
  test('fails and says which actor to pass, and how', async () => {
    const actor = createActor(tripleMachine, { input: { index: '7' } }).start()
    await flushPromises()
    const snapshot = actor.getSnapshot()
    expect(snapshot.value).toBe('failed')
    expect(outcomeOf(snapshot)).toMatchObject({
      type: 'failed',
      problem: {
        code: 'ActorNotProvided',
        message: 'The triple machine has no actor "surveyTriple".',
        hint: 'Pass it: tripleMachine.provide({ actors: { surveyTriple: fromPromise(…) } }).',
      },
    })
    actor.stop()
  })

  test.each(stepNames)('has a placeholder for %s', async (step) => {
    const placeholder = tripleMachine.implementations.actors[step]
    const actor = createActor(placeholder as AnyActorLogic, { input: {} })
    const rejected = new Promise((resolve) => {
      actor.subscribe({ error: resolve })
    })
    actor.start()
    expect(await rejected).toMatchObject({
      problem: { code: 'ActorNotProvided', hint: expect.stringContaining(step) },
    })
  })
})

describe('a parked triple', () => {
  test.each([
    ['missing-input', 'O'],
    ['failed', 'M'],
  ])('in %s is active, so that somebody can wake it', async (state, letters) => {
    const { actor } = await parkedIn(letters)
    const snapshot = actor.getSnapshot()
    expect(snapshot.value).toBe(state)
    expect(snapshot.status).toBe('active')
    expect(snapshot.hasTag('parked') && snapshot.hasTag('resting')).toBe(true)
  })

  test.each([
    ['missing-input', 'O', 'triple.rescan', true],
    ['missing-input', 'O', 'triple.retry', false],
    ['missing-input', 'O', 'triple.submit', false],
    ['missing-input', 'O', 'poll.due', false],
    ['failed', 'M', 'triple.rescan', true],
    ['failed', 'M', 'triple.retry', true],
    ['failed', 'M', 'triple.submit', false],
    ['failed', 'M', 'poll.due', false],
  ] as const)('in %s with files "%s" hears %s: %s', async (state, letters, type, wakes) => {
    const triple = await parkedIn(letters)
    expect(triple.actor.getSnapshot().can({ type })).toBe(wakes)
    triple.actor.send({ type })
    expect(triple.actor.getSnapshot().matches(wakes ? { deciding: 'surveying' } : state)).toBe(true)
  })

  test('goes on from the disk as it is now, with the old problem forgotten', async () => {
    const triple = await parkedIn('O')
    triple.putFiles('I')
    triple.actor.send({ type: 'triple.rescan' })
    const snapshot = await runToRest(triple)
    expect(outcomeOf(snapshot)).toEqual({ type: 'not-submitted' })
    expect(snapshot.context.problem).toBeNull()
  })
})

/** Comes to rest over these files; `putFiles` changes what the next survey sees. */
async function parkedIn(letters: string) {
  let disk = letters
  const triple = driveTriple(() => factsOf(disk))
  await runToRest(triple)
  return { ...triple, putFiles: (now: string) => (disk = now) }
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(nodesOf)]
}

function transitionsOf(node: AnyStateNode) {
  return [...node.transitions.values(), node.always ?? []].flat()
}

function ancestorsOf(node: AnyStateNode): AnyStateNode[] {
  const { parent } = node
  return parent === undefined ? [] : [parent, ...ancestorsOf(parent)]
}

const idsOf = (nodes: readonly AnyStateNode[]): string[] => nodes.map(({ id }) => id)

const moodsOf = ({ tags }: AnyStateNode): string[] =>
  tags.filter((tag) => ['working', 'backing-off', 'resting'].includes(tag))

/** A state that is left at once has no mood; one with an actor works, one with a timer backs off. */
function expectedMoodsOf(node: AnyStateNode): string[] {
  if (node.always !== undefined && node.always.length > 0) return []
  if (node.invoke.length > 0) return ['working']
  return node.after.length > 0 ? ['backing-off'] : ['resting']
}
