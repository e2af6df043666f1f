import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { removeWorkspaceLock } from '../../src/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { putInput, requestLine, withScene, type Scene } from '../server/scene.js'
import { unsyncedFileSystem } from '../workspace/support.js'
import { dresses, identityText, putRequests, sentLines, sentTwice } from './sent-lines.js'

/** The server refuses a `url` without its version. */
const accepted = Object.keys(dresses).filter((name) => name !== 'without /v1')

/** A line of a file: which request, which of its bodies, in which dress. */
const line = fc
  .record({
    id: fc.integer({ min: 1, max: 6 }).map((number) => `row-${number}`),
    isOther: fc.boolean(),
    dress: fc.constantFrom(...accepted),
  })
  .map(({ id, isOther, dress }) => ({
    id,
    text: isOther ? requestLine(id, 'gpt-4o') : (dresses[dress]?.(id) ?? ''),
  }))

const file = fc.record({
  lines: fc.uniqueArray(line, { minLength: 1, maxLength: 6, selector: ({ id }) => id }),
  lineBreak: fc.constantFrom('\n', '\r\n', '\n\n'),
})

type File = { readonly lines: readonly { readonly text: string }[]; readonly lineBreak: string }

const crash = fc.record({
  operation: fc.constantFrom('write' as const, 'rename' as const, 'read' as const, 'open' as const),
  nth: fc.integer({ min: 1, max: 40 }),
})

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('submit' as const),
      files: fc.array(file, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('crash' as const),
      files: fc.array(file, { minLength: 1, maxLength: 2 }),
      crash,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('by-hand' as const), file }) },
  { weight: 2, arbitrary: fc.constant({ type: 'watch' as const }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function take(scene: Scene, one: Step, number: number): Promise<void> {
  const paths = (files: readonly File[]): string[] =>
    files.map(({ lines, lineBreak }, at) =>
      putRequests(
        scene,
        `${number}-${at}.jsonl`,
        lines.map(({ text }) => text),
        lineBreak,
      ),
    )
  if (one.type === 'submit') await scene.submit(paths(one.files))
  if (one.type === 'watch') await scene.watch({ shouldSubmit: true })
  if (one.type === 'by-hand') {
    putInput(scene, String(number), [])
    const [path = ''] = paths([one.file])
    await unsyncedFileSystem.rename(path, scene.workspace.layout.workdirFile('input', String(number)))
    await scene.run({ shouldSubmit: true })
  }
  if (one.type === 'crash') {
    const disk = faultFileSystem(unsyncedFileSystem, [{ ...one.crash, error: 'crash' }])
    await scene
      .on(disk)
      .submit(paths(one.files))
      .catch(() => {})
    await removeWorkspaceLock(scene.workspace)
  }
}

/** Requests of files given to `submit`, whatever became of the call. */
const wantedOf = (steps: readonly Step[]): Set<string> =>
  new Set(
    steps
      .flatMap((one) => (one.type === 'submit' ? one.files : []))
      .flatMap(({ lines }) => lines.map(({ text }) => identityText(text))),
  )

test(
  'whatever files come in whatever order and form, and whatever call dies: each request is sent once',
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), (steps) =>
        withScene({}, async (scene) => {
          for (const [number, one] of steps.entries()) await take(scene, one, number)
          expect(sentTwice(scene)).toEqual([])
          const sent = new Set(sentLines(scene).map(identityText))
          expect([...wantedOf(steps)].filter((request) => !sent.has(request))).toEqual([])
          await scene.watch({ shouldSubmit: true })
          expect(sentTwice(scene)).toEqual([])
        }),
      ),
      { numRuns: 40 },
    ),
  300_000,
)
