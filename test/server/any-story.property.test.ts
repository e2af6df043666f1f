import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { adoptBatch, confirmNoBatch, removeWorkspaceLock } from '../../src/index.js'
import {
  faults,
  type BatchEnding,
  type BatchPlan,
  type BodyEnding,
  type Fault,
  type FileDamage,
  type Operation,
  type RowOutcome,
  type RowRule,
} from '../../src/testing/index.js'
import { faultFileSystem, type FaultOperation } from '../fakes/fault-file-system.js'
import { unsyncedFileSystem } from '../workspace/support.js'
import { answeredTwice, expectSettled, idsUpTo, namesIn, resultsOf, withScene, type Scene } from './scene.js'

/** Outcomes that leave a line; requests without one are another story (`download.test.ts`). */
const rowOutcomes: readonly RowOutcome[] = [
  'success',
  'truncated',
  'refusal',
  'failed-body',
  'status-0',
  'rate-limited',
  'insufficient-quota',
  'server-error',
  'response-and-error',
  'bad-request',
  'expired',
  'cancelled',
]

const share = fc.constantFrom(0, 0.3, 0.5, 0.9, 1)

const rule: fc.Arbitrary<RowRule> = fc.record({
  when: fc.integer({ min: 1, max: 8 }).map((number) => `row-${number}`),
  times: fc.constantFrom(1, 2, Infinity),
  answer: fc.constantFrom(...rowOutcomes),
})

const noRoom: BatchEnding = {
  status: 'failed',
  errors: [{ code: 'token_limit_exceeded', message: 'No room.', param: null, line: null }],
}

const ending: fc.Arbitrary<BatchEnding> = fc.oneof(
  fc.constant<BatchEnding>({ status: 'completed' }),
  fc.record({ status: fc.constantFrom('expired' as const, 'cancelled' as const), afterShare: share }),
  fc.constant(noRoom),
)

const damage: fc.Arbitrary<FileDamage> = fc.record(
  {
    errorsInOutput: fc.boolean(),
    duplicateLines: fc.integer({ min: 0, max: 2 }),
    alsoInErrorFile: fc.integer({ min: 0, max: 2 }),
    noFinalNewline: fc.boolean(),
    emptyErrorFile: fc.boolean(),
  },
  { requiredKeys: [] },
)

const plan: fc.Arbitrary<BatchPlan> = fc.record(
  {
    inProgressMs: fc.constantFrom(0, 90_000, 3_600_000),
    ending,
    rows: fc.array(rule, { maxLength: 6 }),
    order: fc.constantFrom('input' as const, 'reversed' as const, 'shuffled' as const),
    unexecuted: fc.constantFrom('error-lines' as const, 'nothing' as const),
    damage,
  },
  { requiredKeys: [] },
)

const operation: fc.Arbitrary<Operation | 'all'> = fc.constantFrom(
  'all',
  'files.create',
  'batches.create',
  'batches.list',
  'batches.retrieve',
  'files.content',
)

const when = fc.record({ skip: fc.integer({ min: 0, max: 12 }), times: fc.integer({ min: 1, max: 4 }) })

const downloadEnding = fc.constantFrom<BodyEnding>(
  'cut',
  'cut-chunked',
  'reset',
  'clean-end',
  'short',
  'stall',
)

/** A fault is a recipe: some of them remember what they did, so each run makes its own. */
const fault: fc.Arbitrary<() => Fault> = fc.oneof(
  fc.tuple(operation, when).map(
    ([on, scope]) =>
      () =>
        faults.connectionReset(on, scope),
  ),
  fc.tuple(operation, when).map(
    ([on, scope]) =>
      () =>
        faults.answerLost(on, scope),
  ),
  fc.tuple(operation, when).map(
    ([on, scope]) =>
      () =>
        faults.serverError(on, scope),
  ),
  fc.tuple(operation, when).map(
    ([on, scope]) =>
      () =>
        faults.htmlPage(on, scope),
  ),
  fc.tuple(operation, when).map(
    ([on, scope]) =>
      () =>
        faults.rateLimited(on, { ...scope, retryAfterSeconds: 45 }),
  ),
  fc.tuple(operation, when).map(([on, scope]): (() => Fault) => () => ({
    ...scope,
    on,
    effect: { type: 'silence', isExecuted: true },
  })),
  fc.tuple(downloadEnding, when).map(
    ([type, scope]) =>
      () =>
        faults.downloadCut(type, { ...scope, atLineEnd: true }),
  ),
  fc.integer({ min: 1, max: 100_000 }).map((ms) => () => faults.listLags({ ms })),
  fc.integer({ min: 1, max: 5 }).map((reports) => () => faults.filesUnpublished(reports)),
  fc.constantFrom(
    () => faults.listIgnoresAfter(),
    () => faults.listWithoutHasMore(),
    () => faults.lyingCounts({ total: 0, completed: 0, failed: 0 }),
    () => faults.nullCounts(),
    () => faults.emptyFileIds(),
    () => faults.absentNulls(),
    () => faults.capitalisedStatus(),
    () => faults.backwardStatus(),
    () => faults.otherTimes('iso'),
  ),
)

const crash = fc.option(
  fc.record({
    operation: fc.constantFrom<FaultOperation>('write', 'sync', 'rename', 'link', 'remove', 'syncDirectory'),
    nth: fc.integer({ min: 1, max: 40 }),
  }),
)

const story = fc.record({
  requests: fc.integer({ min: 1, max: 8 }),
  plans: fc.array(plan, { maxLength: 4 }),
  troubles: fc.array(fault, { maxLength: 4 }),
  crash,
})

/**
 * Whoever works on the workspace comes back until everything is settled; the server's troubles pass. What is finished is
 * not submitted once more: what failed for good in it would rightly be sent anew.
 */
async function settle(scene: Scene, path: string): Promise<string> {
  for (let round = 1; round <= 6; round += 1) {
    const begun = rootOf(scene)
    if (begun === null || !namesIn(scene, 'done').includes(`batch_input_${begun}.jsonl`))
      await scene.submit(path)
    const { triples } = await scene.watch()
    const root = rootOf(scene)
    if (triples.every(({ outcome }) => outcome.type === 'done') && root !== null) return root
    for (const { index, outcome } of triples) {
      if ('problem' in outcome && outcome.problem?.code === 'SubmissionAmbiguous')
        await lookAtServer(scene, index)
    }
  }
  throw new Error('not settled after six rounds')
}

/**
 * What the hint says where the list of batches can never show that there is none: somebody looks on the server, and says
 * which batch it is, or that there is none.
 */
async function lookAtServer({ workspace, server, client, clock }: Scene, index: string): Promise<void> {
  const metadata = JSON.parse(
    readFileSync(workspace.layout.workdirFile('metadata', index), 'utf8'),
  ) as Metadata
  const made = server.batches().find((batch) => batch.input_file_id === metadata.input_file_id)
  await (made === undefined
    ? confirmNoBatch(workspace, index, { client, clock })
    : adoptBatch(workspace, index, made.id, { client, clock }))
}

/** The one triple that is no retry of another; `null` before there is any. */
function rootOf(scene: Scene): string | null {
  const noted = ['workdir', 'done'].flatMap((directory) =>
    namesIn(scene, directory)
      .filter((name) => /^batch_metadata_.*jsonl$/.test(name))
      .map((name) => readFileSync(join(scene.workspace.root, directory, name), 'utf8')),
  )
  const roots = noted.flatMap((text) => {
    const { root_index: root, parent_index: parent } = JSON.parse(text) as Metadata
    return parent == null && root != null ? [root] : []
  })
  const [root = null, ...others] = new Set(roots)
  expect(others).toEqual([])
  return root
}

interface Metadata {
  readonly input_file_id?: string | null
  readonly root_index?: string | null
  readonly parent_index?: string | null
}

function expectOneBatchForEachSubmission({ server }: Scene): void {
  const ran = server.batches().filter(({ status }) => status !== 'failed')
  const indices = ran.map(({ metadata }) => metadata?.['index'])
  expect(indices).toEqual([...new Set(indices)])
}

/** A request that was answered has that answer; one that was not has none. */
function expectTruth(scene: Scene, root: string): void {
  const answered = new Set(
    scene.server.executions().flatMap(({ customId, isAnswered }) => (isAnswered ? [customId] : [])),
  )
  const rows = resultsOf(scene, root).filter(({ outcome }) => outcome === 'success' || outcome === 'semantic')
  expect(new Set(rows.map(({ custom_id }) => custom_id))).toEqual(answered)
}

test(
  'whatever the server does and wherever the process goes: one batch, one answer, one row for each request',
  () =>
    fc.assert(
      fc.asyncProperty(story, ({ requests, plans, troubles, crash: crashAt }) =>
        withScene({ faults: troubles.map((make) => make()) }, async (scene) => {
          scene.server.plan(...plans)
          const path = scene.requests(requests)
          if (crashAt !== null) {
            const disk = faultFileSystem(unsyncedFileSystem, [{ ...crashAt, error: 'crash' }])
            await settle(scene.on(disk), path).catch((error: unknown) => {
              if (!disk.isCrashed()) throw error
            })
            await removeWorkspaceLock(scene.workspace)
          }
          const root = await settle(scene, path)
          await expectSettled(scene, root, idsUpTo(requests))
          expectOneBatchForEachSubmission(scene)
          expect(answeredTwice(scene)).toEqual([])
          expectTruth(scene, root)
        }),
      ),
      { numRuns: Number(process.env['RUNS'] ?? 200), interruptAfterTimeLimit: 60_000 },
    ),
  180_000,
)
