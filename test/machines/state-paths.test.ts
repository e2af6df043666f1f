import type { AnyStateNode } from 'xstate'
import { describe, expect, test } from 'vitest'
import {
  canHear,
  doneState,
  failedState,
  firstState,
  hasAskedServer,
  isDoneState,
  isBackingOff,
  isParkedState,
  isWaitingForBatch,
  isWaitingForRoom,
  isWaitingForServer,
  needsPersonState,
  outcomeOf,
  outcomeTypeAt,
  tripleMachine,
  wakeOf,
  type Problem,
} from '../../machines/index.js'
import { restingStates } from '../../machines/state-paths.js'

const problems: readonly Problem[] = [
  { code: 'NoProvider', message: 'no key', needsPerson: true },
  { code: 'ReconciliationFailed', message: 'away', isPassing: true },
]

const leaves = leavesOf(tripleMachine.root)

describe('what a path says of a state', () => {
  test.each(leaves)('is what the machine says: %s', (path, node) => {
    expect({
      isDone: isDoneState(path),
      isBackingOff: isBackingOff(path),
      isParked: isParkedState(path),
      needsPerson: needsPersonState(path),
      isWaitingForBatch: isWaitingForBatch(path),
      isWaitingForRoom: isWaitingForRoom(path),
      isWaitingForServer: isWaitingForServer(path),
      hasAskedServer: hasAskedServer(path),
      hears: outsideEvents.filter((type) => canHear(path, type)),
    }).toEqual({
      isDone: node.type === 'final',
      isBackingOff: node.tags.includes('backing-off'),
      isParked: node.tags.includes('parked'),
      needsPerson: node.tags.includes('needs-person'),
      isWaitingForBatch: node.tags.includes('waiting-for-batch'),
      isWaitingForRoom: node.tags.includes('waiting-for-room'),
      isWaitingForServer: heardBy(node).includes('poll.due'),
      hasAskedServer: node.invoke.some(({ src }) => src === 'checkOnline'),
      hears: heardBy(node),
    })
  })

  test.each(leaves.filter(([, node]) => heardBy(node).length > 0))(
    'names a wake that is heard: %s',
    (path, node) => {
      expect(heardBy(node)).toContain(wakeOf(path))
    },
  )

  test.each(
    Object.keys(restingStates).flatMap((path) => problems.map((problem) => [path, problem] as const)),
  )('says how a triple stands that rests there: %s, %o', (path, problem) => {
    const value = path
      .split('.')
      .reduceRight<unknown>((inner, key) => (inner === null ? key : { [key]: inner }), null)
    const context = { facts: null, problem, remoteStatus: null, retryIndex: null, retryIndices: [] }
    const snapshot = tripleMachine.resolveState({ value, context } as never)
    expect(outcomeTypeAt(path, problem)).toBe(outcomeOf(snapshot).type)
  })

  test('names where a triple begins, and where it may end', () => {
    const paths = leaves.map(([path]) => path)
    expect(paths).toEqual(expect.arrayContaining([firstState, failedState, doneState]))
    expect(leaves[0]?.[0]).toBe(firstState)
  })

  test.each(['', 'nowhere', 'failed.', 'awaiting-online-files', 'constructor', '__proto__', 'toString'])(
    'is nothing for a path the machine does not have: "%s"',
    (path) => {
      expect(isDoneState(path) || isParkedState(path) || isWaitingForServer(path)).toBe(false)
      expect(hasAskedServer(path) || canHear(path, 'triple.retry')).toBe(false)
      expect(wakeOf(path)).toBe('triple.rescan')
    },
  )
})

const outsideEvents = ['poll.due', 'triple.rescan', 'triple.retry', 'triple.submit'] as const

function heardBy(node: AnyStateNode): readonly string[] {
  const own = node.parent === undefined ? [] : heardBy(node.parent)
  const heard = [...own, ...node.transitions.keys()]
  return outsideEvents.filter((type) => heard.includes(type))
}

function leavesOf(node: AnyStateNode): (readonly [string, AnyStateNode])[] {
  const children = Object.values(node.states) as AnyStateNode[]
  return children.length === 0 ? [[node.path.join('.'), node]] : children.flatMap(leavesOf)
}
