import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SubmitReport } from '../../src/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import {
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  outcomes,
  putInput,
  requestLine,
  resultTexts,
  warningsOf,
  withScene,
  type Scene,
} from '../server/scene.js'
import { dresses, idsOf, putRequests, sentLines, sentTwice } from './sent-lines.js'

const linesOf = (...ids: string[]): string[] => ids.map((id) => requestLine(id))

/** How many requests each call left out, and how many it sent. */
const counts = ({ leftOut, prepared }: SubmitReport): { left: number; sent: number } => ({
  left: leftOut.reduce((sum, { requests }) => sum + requests, 0),
  sent: prepared.filter(({ isKnown }) => !isKnown).reduce((sum, { requests }) => sum + requests, 0),
})

const seeded = (seed: string): string => requestLine('a').replace('"model"', `"seed":${seed},"model"`)

const failing = { defaults: { rows: [{ when: 'row-2', answer: 'bad-request' }] } } as const

describe('a file whose requests were sent before', () => {
  const forms: readonly (readonly [string, (scene: Scene) => string])[] = [
    ['the same file', (scene) => putRequests(scene, 'again.jsonl', linesOf(...idsUpTo(5)))],
    ['another order', (scene) => putRequests(scene, 'again.jsonl', linesOf(...idsUpTo(5).toReversed()))],
    ['CRLF', (scene) => putRequests(scene, 'again.jsonl', linesOf(...idsUpTo(5)), '\r\n')],
    ['blank lines', (scene) => putRequests(scene, 'again.jsonl', linesOf(...idsUpTo(5)), '\n\n')],
    ['a subset', (scene) => putRequests(scene, 'again.jsonl', linesOf('row-4', 'row-2'))],
    ...Object.entries(dresses).map(
      ([name, dress]) =>
        [name, (scene: Scene) => putRequests(scene, 'again.jsonl', idsUpTo(5).map(dress))] as const,
    ),
  ]

  test.each(forms)(
    'sends nothing while they are pending, and nothing when they are answered: %s',
    (_, form) =>
      withScene({}, async (scene) => {
        const index = indexOf(await scene.submit(scene.requests(5)))
        const path = form(scene)
        const pending = await scene.submit(path)
        expect(pending.triples).toEqual([])
        expect(pending.leftOut).toEqual([
          {
            index,
            requestsPath: path,
            requests: expect.any(Number),
            standing: 'pending',
            remoteStatus: 'validating',
          },
        ])
        await scene.watch()
        const answered = await scene.submit(path)
        expect(answered.leftOut.map(({ standing }) => standing)).toEqual(['answered'])
        expect(scene.server.batches()).toHaveLength(1)
      }),
  )

  test('and that has lines more sends those, byte for byte as they stand', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(5)
      const index = indexOf(await scene.submit(path))
      const added = `  ${dresses['spaced']?.('row-6')} `
      appendFileSync(path, `${added}\n`)
      const report = await scene.submit(path)
      expect(counts(report)).toEqual({ left: 5, sent: 1 })
      expect(report.leftOut.map((one) => one.index)).toEqual([index])
      expect(sentLines(scene).at(-1)).toBe(added)
      await scene.watch()
      expect(sentTwice(scene)).toEqual([])
      expect(idsOf(sentLines(scene))).toEqual(idsUpTo(6))
    }))

  test('in two triples names both', () =>
    withScene({}, async (scene) => {
      const first = indexOf(await scene.submit(putRequests(scene, 'a.jsonl', linesOf('a', 'b'))))
      const second = indexOf(await scene.submit(putRequests(scene, 'b.jsonl', linesOf('c'))))
      const report = await scene.submit(putRequests(scene, 'all.jsonl', linesOf('c', 'new', 'b', 'a')))
      expect(report.leftOut.map(({ index, requests }) => [index, requests])).toEqual([
        [second, 1],
        [first, 2],
      ])
      expect(idsOf(sentLines(scene))).toEqual(['a', 'b', 'c', 'new'])
    }))

  test('of two models sends what is new of each', () =>
    withScene({}, async (scene) => {
      const lines = [requestLine('a'), requestLine('b', 'gpt-4o')]
      await scene.submit(putRequests(scene, 'a.jsonl', lines))
      const more = [...lines, requestLine('c'), requestLine('d', 'gpt-4o')]
      const report = await scene.submit(putRequests(scene, 'b.jsonl', more))
      expect(counts(report)).toEqual({ left: 2, sent: 2 })
      expect(idsOf(sentLines(scene)).toSorted()).toEqual(['a', 'b', 'c', 'd'])
    }))

  test('is sent whole when that is asked for, and the metadata says so; within the call each is sent once', () =>
    withScene({}, async (scene) => {
      await scene.submit(putRequests(scene, 'a.jsonl', linesOf('a', 'b')))
      const paths = [
        putRequests(scene, 'b.jsonl', linesOf('a', 'b', 'c')),
        putRequests(scene, 'c.jsonl', linesOf('c', 'd')),
      ]
      const report = await scene.submit(paths, { shouldSubmitAgain: true })
      expect(idsOf(sentLines(scene).slice(2)).toSorted()).toEqual(['a', 'b', 'c', 'd'])
      for (const { index, isKnown } of report.prepared)
        if (!isKnown) expect((await metadataOf(scene, index))['sent_again']).toBe(true)
    }))

  test('that stands twice in one call is sent once', () =>
    withScene({}, async (scene) => {
      const paths = [
        putRequests(scene, 'a.jsonl', linesOf('a', 'b')),
        putRequests(scene, 'b.jsonl', [dresses['reordered']?.('b') ?? '', requestLine('c')]),
      ]
      const report = await scene.submit(paths)
      expect(counts(report)).toEqual({ left: 1, sent: 3 })
      expect(idsOf(sentLines(scene)).toSorted()).toEqual(['a', 'b', 'c'])
    }))

  test('is known also when done/ was cleared, with and without its results', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      await scene.submit(path)
      await scene.watch()
      rmSync(scene.workspace.layout.done, { recursive: true })
      expect((await scene.submit(path)).leftOut[0]?.standing).toBe('answered')
      rmSync(scene.workspace.layout.target, { recursive: true })
      expect((await scene.submit(path)).leftOut[0]?.standing).toBe('without-results')
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('is known also when registers were deleted or damaged: they are made from the inputs', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const index = indexOf(await scene.submit(path))
      const register = scene.workspace.layout.registerFile(index)
      const whole = readFileSync(register)
      await scene.watch()
      for (const damage of [() => rmSync(register), () => writeFileSync(register, whole.subarray(1))]) {
        damage()
        expect(counts(await scene.submit(path))).toEqual({ left: 3, sent: 0 })
        expect(readFileSync(register)).toEqual(whole)
      }
    }))
})

describe('a request that failed for good', () => {
  test('is sent anew, as a triple of its own, and once', () =>
    withScene(failing, async (scene) => {
      const path = scene.requests(3)
      await scene.submit(path)
      await scene.watch()
      const again = await scene.submit(path)
      expect(counts(again)).toEqual({ left: 2, sent: 1 })
      expect(counts(await scene.submit(path))).toEqual({ left: 3, sent: 0 })
      expect(idsOf(sentLines(scene))).toEqual(['row-1', 'row-2', 'row-3', 'row-2'])
    }))

  test('is sent anew when its whole file failed: the same bytes get another index', () =>
    withScene({ defaults: { rows: [{ when: /row/, times: 1, answer: 'bad-request' }] } }, async (scene) => {
      const path = scene.requests(2)
      const first = indexOf(await scene.submit(path))
      await scene.watch()
      const second = indexOf(await scene.submit(path))
      expect(second).not.toBe(first)
      await scene.watch()
      expect(resultTexts(scene, first)).toEqual(['row-1 permanent', 'row-2 permanent'])
      expect(resultTexts(scene, second)).toEqual(['row-1 success', 'row-2 success'])
      expect(counts(await scene.submit(path))).toEqual({ left: 2, sent: 0 })
    }))

  test('is left out while a retry has it', () =>
    withScene({ defaults: { rows: [{ when: 'row-2', answer: 'server-error' }] } }, async (scene) => {
      const path = scene.requests(3)
      await scene.submit(path)
      await scene.watch({ shouldSubmitRetries: false })
      const report = await scene.submit(path)
      expect(counts(report)).toEqual({ left: 3, sent: 0 })
      expect(report.leftOut.map(({ requests, standing }) => [requests, standing]).toSorted()).toEqual([
        [1, 'pending'],
        [2, 'answered'],
      ])
    }))
})

describe('the same custom_id with another body', () => {
  test('is another request, and that is said with the triple', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(putRequests(scene, 'a.jsonl', linesOf('a', 'b'))))
      const path = putRequests(scene, 'b.jsonl', [requestLine('a', 'gpt-4o'), requestLine('b')])
      const report = await scene.submit(path)
      expect(counts(report)).toEqual({ left: 1, sent: 1 })
      expect(report.changedBodies).toEqual([{ index, requestsPath: path, requests: 1 }])
      expect(warningsOf(scene)).toEqual([
        `1 request of ${path} has its custom_id from triple ${index}, with another body or endpoint: sent as new.`,
      ])
    }))

  test('in two files of one call is said, too', () =>
    withScene({}, async (scene) => {
      const paths = [
        putRequests(scene, 'a.jsonl', linesOf('a')),
        putRequests(scene, 'b.jsonl', [requestLine('a', 'gpt-4o')]),
      ]
      const { changedBodies, prepared } = await scene.submit(paths)
      expect(changedBodies).toEqual([{ index: prepared[0]?.index, requestsPath: paths[1], requests: 1 }])
    }))

  test('with numbers that only their digits tell apart is another request', () =>
    withScene({}, async (scene) => {
      await scene.submit(putRequests(scene, 'a.jsonl', [seeded('12345678901234567890')]))
      await scene.submit(putRequests(scene, 'b.jsonl', [seeded('12345678901234567891')]))
      await scene.submit(putRequests(scene, 'c.jsonl', [seeded('1234567890123456789.0e1')]))
      expect(sentLines(scene)).toHaveLength(2)
    }))
})

describe('what else stands in the workspace', () => {
  test('an input that somebody put there and never sent holds nothing back', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', idsUpTo(3))
      expect(counts(await scene.submit(scene.requests(3)))).toEqual({ left: 0, sent: 3 })
    }))

  test('an input with answers beside it was sent', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', idsUpTo(3))
      writeFileSync(scene.workspace.layout.workdirFile('output', '7'), '')
      expect((await scene.submit(scene.requests(3))).leftOut).toMatchObject([{ index: '7', requests: 3 }])
      expect(scene.server.batches()).toEqual([])
    }))

  test('a finished triple of another tool was sent: without results it counts as answered', () =>
    withScene({}, async (scene) => {
      const done = scene.workspace.layout.doneFile('input', '7')
      mkdirSync(join(done, '..'), { recursive: true })
      writeFileSync(done, linesOf(...idsUpTo(2)).join('\n'))
      expect((await scene.submit(scene.requests(3))).leftOut).toMatchObject([
        { index: '7', requests: 2, standing: 'without-results' },
      ])
    }))

  test('metadata that nobody can read may be that of a paid batch', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', idsUpTo(3))
      writeFileSync(scene.workspace.layout.workdirFile('metadata', '7'), '{"batch_id":')
      expect(counts(await scene.submit(scene.requests(3)))).toEqual({ left: 3, sent: 0 })
    }))

  test('broken inputs stop nothing, and what cannot be read is said', () =>
    withScene({}, async (scene) => {
      const { layout } = scene.workspace
      mkdirSync(layout.workdirFile('input', '1'), { recursive: true })
      writeFileSync(
        layout.workdirFile('input', '2'),
        `{"custom_id":"x"\n\0\0\n"row-1"\n${'['.repeat(100_000)}\n`,
      )
      writeFileSync(layout.workdirFile('input', '3'), Buffer.from([0xff, 0xfe, 0x7b, 0x00, 0x0a]))
      expect(counts(await scene.submit(scene.requests(3)))).toEqual({ left: 0, sent: 3 })
      expect(warningsOf(scene)).toContainEqual(
        expect.stringMatching(/^What triple 1 asks for is not known, .*batch_input_1\.jsonl/),
      )
    }))

  test('a line that nests 100,000 levels deep is refused before anything is sent', () =>
    withScene({}, async (scene) => {
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
      const line = requestLine('a').replace('"model"', `"x":${deep},"model"`)
      await expect(scene.submit(putRequests(scene, 'a.jsonl', [line]))).rejects.toThrow(
        'a.jsonl:1: invalid_json_line. The line has more than 1000 lists and objects inside each other',
      )
    }))

  test('an input that was changed after it was sent does not make its requests forgotten', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const index = indexOf(await scene.submit(path))
      writeFileSync(scene.workspace.layout.workdirFile('input', index), `${requestLine('other')}\n`)
      expect(counts(await scene.submit(path))).toEqual({ left: 3, sent: 0 })
    }))

  test('nor does one that was changed while it moved, and whose metadata were left behind', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const index = indexOf(await scene.submit(path))
      await scene.watch()
      const { layout } = scene.workspace
      renameSync(layout.doneFile('metadata', index), layout.workdirFile('metadata', index))
      writeFileSync(layout.doneFile('input', index), `${requestLine('row-1')}\n`)
      expect(counts(await scene.submit(path))).toEqual({ left: 3, sent: 0 })
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('every input has its register, whoever wrote it', () =>
    withScene(
      { defaults: { rows: [{ when: 'row-2', times: 1, answer: 'server-error' }] } },
      async (scene) => {
        const path = scene.requests(3)
        const index = indexOf(await scene.submit(path))
        await scene.watch()
        await expectSettled(scene, index, idsUpTo(3))
        await scene.submit(path)
        const names = readdirSync(scene.workspace.layout.logs).filter((name) => name.endsWith('.bin'))
        expect(names).toHaveLength(2)
        expect(names).toContain(`batch_requests_${index}.bin`)
      },
    ))
})

/** The disk refuses what says which requests a triple has. */
function unreadable(scene: Scene, index: string): Scene {
  const { fileSystem, layout } = scene.workspace
  const paths = [layout.registerFile(index), basename(layout.workdirFile('input', index))]
  return scene.on(
    faultFileSystem(
      fileSystem,
      paths.map((path) => ({ operation: 'open', path, error: 'EIO' })),
    ),
  )
}

describe('what a triple asked for that cannot be read', () => {
  test('is not sent again while the disk refuses it', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const index = indexOf(await scene.submit(path))
      await expect(unreadable(scene, index).submit(path)).rejects.toThrow(
        `What triple ${index} asks for is not known, so nothing is sent that it may have sent already: `,
      )
      expect(readdirSync(scene.workspace.layout.workdir).filter((name) => /input/.test(name))).toHaveLength(1)
      expect(counts(await scene.submit(path))).toEqual({ left: 3, sent: 0 })
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('is not sent again when it was only written to be sent', () =>
    withScene({}, async (scene) => {
      putInput(scene, '7', ['row-8', 'row-9'])
      const written = { batch_id: '', submission: { intent_key: 'k', intended_at_ms: 1 } }
      writeFileSync(scene.workspace.layout.workdirFile('metadata', '7'), JSON.stringify(written))
      const others = putRequests(scene, 'others.jsonl', linesOf('row-9'))
      await expect(unreadable(scene, '7').submit(others)).rejects.toThrow(
        'What triple 7 asks for is not known',
      )
      expect(scene.server.batches()).toEqual([])
    }))

  test('is sent again when that is asked for', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const index = indexOf(await scene.submit(path))
      expect(counts(await unreadable(scene, index).submit(path, { shouldSubmitAgain: true }))).toEqual({
        left: 0,
        sent: 3,
      })
    }))

  test('keeps its requests until its damaged register is removed, or its input is put back', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      const index = indexOf(await scene.submit(path))
      await scene.watch()
      const { layout } = scene.workspace
      const [register, input] = [layout.registerFile(index), layout.doneFile('input', index)]
      renameSync(input, `${path}.kept`)
      writeFileSync(register, readFileSync(register).subarray(1))
      await expect(scene.submit(path)).rejects.toMatchObject({
        code: 'ReconciliationFailed',
        problem: {
          hint: `Put batch_input_${index}.jsonl back into done/, or remove ${register} when its requests may be sent and paid for once more.`,
          needsPerson: true,
        },
      })
      renameSync(`${path}.kept`, input)
      expect(counts(await scene.submit(path))).toEqual({ left: 3, sent: 0 })
      rmSync(input)
      rmSync(register)
      expect(counts(await scene.submit(path))).toEqual({ left: 0, sent: 3 })
    }))
})

test('a submission that was not finished is finished by the next call, whatever the file looks like then', () =>
  withScene({}, async (scene) => {
    const controller = new AbortController()
    const stop = { signal: controller.signal, onEvent: () => controller.abort() }
    const stopped = await scene.submit(scene.requests(3), stop).catch(() => null)
    expect(stopped?.isInterrupted ?? true).toBe(true)
    const report = await scene.submit(
      putRequests(scene, 'b.jsonl', idsUpTo(4).map(dresses['spaced'] ?? String)),
    )
    expect(counts(report)).toEqual({ left: 3, sent: 1 })
    expect(outcomes(report)).toEqual(['pending', 'pending'])
    expect(sentTwice(scene)).toEqual([])
    expect(sentLines(scene)).toHaveLength(4)
  }))
