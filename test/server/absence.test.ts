import { describe, expect, test } from 'vitest'
import { removeWorkspaceLock, type SubmitReport } from '../../src/index.js'
import { faults, type Fault } from '../../src/testing/index.js'
import { CrashError } from '../fakes/fault-file-system.js'
import type { IdleClock } from '../fakes/idle-clock.js'
import { unsyncedFileSystem } from '../workspace/support.js'
import {
  countOf,
  indexOf,
  metadataOf,
  outcomes,
  reportOf,
  requestLine,
  withScene,
  type Scene,
  type SceneOptions,
} from './scene.js'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** So that a search of minutes, and one begun hours later, does not find the batch finished and deleted. */
const slow = { defaults: { inProgressMs: 12 * hourMs } } as const

/** A server (or a clock of ours) that is not as it should be. */
interface Mutant {
  readonly name: string
  readonly options: SceneOptions
  readonly faults: readonly Fault[]
  /** What it shows of a batch of ours that is on its first page, one that is not, and one that is not there. */
  readonly shows: { readonly listed: boolean; readonly absent: boolean }
}

const shows = { listed: true, absent: true }
const ignoresAfter = (changes: object): Fault => ({
  ...faults.listIgnoresAfter(),
  effect: { type: 'list', ignoresAfter: true, ...changes },
})
const mutant = (name: string, lists: readonly Fault[], changes: Partial<Mutant> = {}): Mutant => ({
  name,
  options: {},
  faults: lists,
  shows,
  ...changes,
})

/** Our time of day is set an hour on, an hour back, … each time somebody looks at it. */
function jumping(clock: IdleClock): IdleClock {
  const jumps = [0, hourMs, -hourMs, 3 * hourMs, -2 * hourMs]
  let looks = 0
  return { ...clock, now: () => clock.now() + (jumps[looks++ % jumps.length] ?? 0) }
}

const mutants: readonly Mutant[] = [
  mutant('an honest server', []),
  mutant('a list that ignores `after`', [faults.listIgnoresAfter()], {
    shows: { listed: true, absent: false },
  }),
  mutant('a list that ignores `after` and shows two', [ignoresAfter({ mostEntries: 2 })], {
    shows: { listed: false, absent: false },
  }),
  mutant('a list that ignores `after` and says nothing of more', [ignoresAfter({ omitsHasMore: true })], {
    shows: { listed: true, absent: false },
  }),
  mutant('a list without has_more', [faults.listWithoutHasMore()]),
  mutant('a list without has_more, in pages of two', [faults.listWithoutHasMore(), faults.listSmallPages(2)]),
  mutant('a list that says on every page of two that it was the last', [faults.listDeniesMore(2)]),
  mutant('a list that lags by 100 seconds', [faults.listLags({ ms: 100_000 })]),
  mutant('batches that do not name their upload', [faults.nameless()], {
    shows: { listed: true, absent: false },
  }),
  mutant("a server's clock 20 minutes behind", [], { options: { serverAheadMs: -20 * minuteMs } }),
  mutant("a server's clock 20 minutes ahead", [], { options: { serverAheadMs: 20 * minuteMs } }),
  mutant('a server without Date', [], { options: { sendsDate: false } }),
  mutant('a clock of ours that jumps', [], { options: { bendClock: jumping } }),
  mutant('both clocks off, and a list that lags', [faults.listLags({ ms: 100_000 })], {
    options: { serverAheadMs: -20 * minuteMs, bendClock: jumping },
  }),
]

interface Story {
  readonly name: string
  readonly fault: () => Fault
  readonly isMade: boolean
  readonly crashes: boolean
}

const stories: readonly Story[] = [
  { name: 'an answer that is lost', fault: () => faults.createAnswerLost(), isMade: true, crashes: false },
  {
    name: 'a creation that never arrived',
    fault: () => faults.connectionReset('batches.create'),
    isMade: false,
    crashes: false,
  },
  {
    name: 'an answer about another batch',
    fault: () => faults.createAnswersAnother(),
    isMade: true,
    crashes: false,
  },
  {
    name: 'a crash after the batch was made',
    fault: () => faults.createAnswerLost(),
    isMade: true,
    crashes: true,
  },
  {
    name: 'a crash after the ask, with nothing made',
    fault: () => faults.connectionReset('batches.create'),
    isMade: false,
    crashes: true,
  },
]

/** A disk that is gone once the server was asked for a batch of ours. */
function dyingDisk({ server }: Scene, isAsked: () => boolean): typeof unsyncedFileSystem {
  const dying = Object.entries(unsyncedFileSystem).map(([name, act]: [string, unknown]) => [
    name,
    (...given: unknown[]): unknown =>
      isAsked()
        ? Promise.reject(new CrashError(`the process went at call ${server.requests().length}`))
        : (act as (...values: unknown[]) => unknown)(...given),
  ])
  return Object.fromEntries(dying) as typeof unsyncedFileSystem
}

async function addForeign({ client }: Scene, count: number): Promise<void> {
  const content = `${requestLine('foreign')}\n`
  const file = await client.files.create({ file: new File([content], 'foreign.jsonl'), purpose: 'batch' })
  const creation = {
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  } as const
  for (let made = 0; made < count; made += 1) await client.batches.create(creation)
}

const ourBatches = ({ server }: Scene) =>
  server.batches().filter(({ metadata }) => metadata?.['tool'] === 'batch-reconciler')

/** Three foreign batches, ours in doubt, three more on top of it. */
async function tell(scene: Scene, story: Story): Promise<string> {
  await addForeign(scene, 3)
  const path = scene.requests(3)
  scene.server.script(story.fault())
  const asked = countOf(scene, 'batches.create') + 1
  const isAsked = (): boolean => story.crashes && countOf(scene, 'batches.create') >= asked
  await scene
    .on(dyingDisk(scene, isAsked))
    .submit(path)
    .catch(() => {})
  await removeWorkspaceLock(scene.workspace)
  await addForeign(scene, 3)
  return path
}

async function submitThrice(scene: Scene, path: string): Promise<SubmitReport> {
  await scene.submit(path)
  await scene.submit(path)
  return scene.submit(path)
}

describe.each(mutants)('$name', ({ options, faults: scripted, shows: { listed, absent } }) => {
  test.each(stories)('$name: one batch, or none and SubmissionAmbiguous', (story) =>
    withScene({ ...slow, ...options, faults: scripted }, async (scene) => {
      const path = await tell(scene, story)
      const submitted = await submitThrice(scene, path)
      // What was sent is no business of `submit` any more.
      const report = await scene.run()
      // What was there before others came is on every first page.
      const isSettled = story.isMade ? listed || !story.crashes : absent
      expect(outcomes(report)).toEqual(
        isSettled ? ['pending'] : [expect.stringContaining('SubmissionAmbiguous')],
      )
      expect(ourBatches(scene)).toHaveLength(isSettled || story.isMade ? 1 : 0)
      expect(countOf(scene, 'files.create')).toBe(3)
      if (isSettled)
        expect((await metadataOf(scene, indexOf(submitted))).batch_id).toBe(ourBatches(scene)[0]?.id)
    }),
  )
})

/** As a process sees it whose own time stands still: each look is made by another process, or after a sleep. */
const still = (clock: IdleClock): IdleClock => ({ ...clock, monotonicMs: () => 0 })
const frozen = { ...slow, clock: { now: () => 1_800_000_000_000 } } as const

const inDoubt = async (scene: Scene): Promise<string> => {
  scene.server.script(faults.connectionReset('batches.create'))
  const path = scene.requests(3)
  expect(outcomes(await scene.submit(path))).toEqual([expect.stringContaining('SubmissionAmbiguous')])
  return path
}

describe('the settle window', () => {
  test("is shown by the server's clock between two runs, however our clock was set meanwhile", () =>
    withScene({ ...frozen, bendClock: (clock) => still(jumping(clock)) }, async (scene) => {
      const path = await inDoubt(scene)
      scene.server.advance(119_000)
      await scene.submit(path)
      expect(scene.server.batches()).toHaveLength(0)
      scene.server.advance(2_000)
      expect(outcomes(await scene.submit(path))).toEqual(['pending'])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('is never over where neither the server nor this process shows that time has passed', () =>
    withScene({ ...frozen, sendsDate: false, bendClock: (clock) => still(jumping(clock)) }, async (scene) => {
      const path = await inDoubt(scene)
      scene.server.advance(24 * hourMs)
      for (let run = 0; run < 5; run += 1) await scene.submit(path)
      expect(scene.server.batches()).toHaveLength(0)
    }))

  test("begins anew when the server's clock steps back", () =>
    withScene({ ...frozen, bendClock: still }, async (scene) => {
      const path = await inDoubt(scene)
      scene.server.advance(-10 * minuteMs)
      await scene.submit(path)
      scene.server.advance(minuteMs)
      await scene.submit(path)
      expect(scene.server.batches()).toHaveLength(0)
      scene.server.advance(2 * minuteMs)
      await scene.submit(path)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('begins anew when the server was asked anew', () =>
    withScene({ ...frozen, bendClock: still }, async (scene) => {
      const path = await inDoubt(scene)
      scene.server.advance(hourMs)
      scene.server.script(faults.connectionReset('batches.create'))
      await scene.submit(path)
      expect(countOf(scene, 'batches.create')).toBe(2)
      scene.server.advance(minuteMs)
      await scene.submit(path)
      expect(countOf(scene, 'batches.create')).toBe(2)
      scene.server.advance(2 * minuteMs)
      await scene.submit(path)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test("keeps the upload's own time, by the server's clock", () =>
    withScene({ ...slow, serverAheadMs: -20 * minuteMs }, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(3)))
      const [file] = scene.server.files()
      const { submission } = await metadataOf(scene, index)
      expect(submission?.uploaded_at_server_ms).toBe((file?.created_at ?? 0) * 1000)
    }))
})

describe('a person is told the way out', () => {
  test('with upload, host, time and the commands for this triple', () =>
    withScene({ ...slow, faults: [faults.listIgnoresAfter()] }, async (scene) => {
      await addForeign(scene, 3)
      scene.server.script(faults.connectionReset('batches.create'))
      const report = await scene.submit(scene.requests(3))
      const index = indexOf(report)
      const { problem } = reportOf(report, index)
      const uploadId = (await metadataOf(scene, index)).input_file_id ?? ''
      expect(problem?.code).toBe('SubmissionAmbiguous')
      expect(problem?.message).toContain(uploadId)
      expect(problem?.message).toContain('fake.test')
      expect(problem?.message).toMatch(/2026-01-02T03:\d\d:\d\d/)
      expect(problem?.hint).toContain(`batch-reconciler adopt ${scene.workspace.root} ${index} <batch id>`)
      expect(problem?.hint).toContain(`batch-reconciler adopt ${scene.workspace.root} ${index} none`)
    }))
})
