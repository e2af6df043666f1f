import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { importFiles, reconcileWorkspace, type ImportReport } from '../../../src/index.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { openWorkspace } from '../../../src/workspace/open-workspace.js'
import { faultFileSystem } from '../../fakes/fault-file-system.js'
import { filesBelow, putFiles, withDirectory } from '../../workspace/support.js'
import { answerLine, errorLine, idsUpTo, jsonl, metadataText, requestLine } from '../lines.js'
import { outcomes } from '../workspaces.js'

const requests = (ids: readonly string[], words?: string): string =>
  jsonl(...ids.map((id) => requestLine(id, words)))
const answers = (ids: readonly string[]): string =>
  jsonl(...ids.map((id) => answerLine(id, `Here is ${id}.`)))
const failures = (ids: readonly string[]): string => jsonl(...ids.map((id) => errorLine(id)))
const ids = idsUpTo(20)

interface Scene {
  readonly loose: string
  readonly root: string
  readonly bringIn: (options?: Parameters<typeof importFiles>[2]) => Promise<ImportReport>
}

function withLoose<T>(
  files: Readonly<Record<string, string>>,
  use: (scene: Scene) => Promise<T>,
): Promise<T> {
  return withDirectory(async (directory) => {
    const [loose, root] = [join(directory, 'loose'), join(directory, 'ws')]
    mkdirSync(loose)
    putFiles(loose, files)
    await openWorkspace(root, { create: true })
    const bringIn: Scene['bringIn'] = async (options) =>
      importFiles(await openWorkspace(root), [loose], options)
    return use({ loose, root, bringIn })
  })
}

/** `name fate matched`, and of those left over why. */
const told = ({ files }: ImportReport): string[] =>
  files.map(({ path, fate, matched, why }) =>
    [path.slice(path.lastIndexOf('/') + 1), fate, matched ?? '', why ?? '']
      .filter((part) => part !== '')
      .join(' | '),
  )

describe('files of any names', () => {
  test('become the triples that they are, and are reconciled', () =>
    withLoose(
      {
        'my requests.jsonl': requests(ids),
        'batch_68a1f0aa_output.jsonl': answers(ids.slice(0, 18)),
        'batch_68a1f0aa_error.jsonl': failures(ids.slice(18)),
        'deeper/batch_input_7.jsonl': requests(['x']),
        'deeper/whatever.txt': answers(['x']),
      },
      async ({ root, bringIn }) => {
        const report = await bringIn()
        expect(told(report)).toEqual([
          'batch_68a1f0aa_error.jsonl | imported | 2',
          'batch_68a1f0aa_output.jsonl | imported | 18',
          'batch_input_7.jsonl | imported | 1',
          'whatever.txt | imported | 1',
          'my requests.jsonl | imported | 20',
        ])
        expect(report.triples.map(({ index, requests: count }) => [index.length, count])).toEqual([
          [1, 1],
          [36, 20],
        ])
        expect(outcomes(await reconcileWorkspace(await openWorkspace(root)))).toEqual([
          '7 done',
          expect.stringMatching(/^[\da-f-]{36} done$/),
        ])
      },
    ))

  test.each<[string, Record<string, string>, string, RegExp]>([
    [
      'two inputs that fit',
      { 'a.jsonl': requests(ids), 'b.jsonl': requests(ids, 'Other.'), 'o.jsonl': answers(ids) },
      'o.jsonl',
      /fits several inputs: .*a\.jsonl \(20 of 20 requests\), .*b\.jsonl \(20 of 20/,
    ],
    [
      'an input that is missing',
      { 'a.jsonl': requests(['x']), 'o.jsonl': answers(ids) },
      'o.jsonl',
      /answers requests that are in none of these files/,
    ],
    [
      'an input that lacks ids',
      { 'a.jsonl': requests(ids.slice(1)), 'o.jsonl': answers(ids) },
      'o.jsonl',
      /answers 19 of 19 requests of .*a\.jsonl, and 1 row of it answers none of them/,
    ],
    [
      'the input of answers that do not fit',
      { 'a.jsonl': requests(ids.slice(1)), 'o.jsonl': answers(ids) },
      'a.jsonl',
      /is answered by .*o\.jsonl, but not for certain/,
    ],
    [
      'parts of one batch',
      { 'a.jsonl': requests(ids), 'o1.jsonl': answers(ids.slice(0, 5)), 'o2.jsonl': answers(ids.slice(5)) },
      'o1.jsonl',
      /is one of 2 files with answers to .*o1\.jsonl \(5\), .*o2\.jsonl \(15\) of 20 requests/,
    ],
    [
      'the same file twice',
      { 'a.jsonl': requests(ids), 'o.jsonl': answers(ids), 'o (1).jsonl': answers(ids) },
      'o.jsonl',
      /holds the same bytes as .*o \(1\)\.jsonl/,
    ],
    [
      'an input without answers',
      { 'a.jsonl': requests(ids) },
      'a.jsonl',
      /has no answers among these files, and was perhaps never sent: `submit`/,
    ],
    [
      'requests and answers in one',
      { 'a.jsonl': requests(ids) + answers(ids) },
      'a.jsonl',
      /holds requests and answers in one file/,
    ],
    ['a table', { 'a.csv': 'id,prompt\n1,hi\n' }, 'a.csv', /is CSV/],
    [
      'bare bodies',
      { 'a.jsonl': '{"model":"m","messages":[]}\n' },
      'a.jsonl',
      /is the body of a request without custom_id/,
    ],
    [
      'lines of another service',
      {
        'a.jsonl': `${JSON.stringify({ custom_id: 'a', result: { type: 'succeeded', message: { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'x' }] } } })}\n`,
      },
      'a.jsonl',
      /is an Anthropic Message Batches result/,
    ],
    ['words', { 'a.txt': 'My notes.\n' }, 'a.txt', /holds no lines with a `custom_id`/],
    ['nothing', { 'a.jsonl': '' }, 'a.jsonl', /is an empty file/],
  ])('%s: said with its numbers, and nothing is written', (_, files, name, says) =>
    withLoose(files, async ({ root, bringIn }) => {
      const report = await bringIn()
      expect(report.files.find(({ path }) => path.endsWith(`/${name}`))).toMatchObject({
        fate: 'left-over',
        why: expect.stringMatching(says),
      })
      const written = Object.keys(filesBelow(root)).filter((path) => path.startsWith('workdir/'))
      expect(written).toHaveLength(name === 'o.jsonl' && files['o (1).jsonl'] !== undefined ? 2 : 0)
    }),
  )

  test('that fit two inputs go with the one of the same batch id, or index', () =>
    withLoose(
      {
        'batch_aaaaaa1_input.jsonl': requests(ids),
        'batch_bbbbbb2_input.jsonl': requests(ids, 'Other.'),
        'batch_bbbbbb2_output.jsonl': answers(ids),
        'batch_aaaaaa1_output.jsonl': answers(ids.slice(1)),
      },
      async ({ bringIn }) => {
        const { triples, files } = await bringIn()
        expect(triples.map(({ result }) => result)).toEqual(['imported', 'imported'])
        const indexOf = (name: string) => files.find(({ path }) => path.endsWith(name))?.index
        expect(indexOf('aaaaaa1_output.jsonl')).toBe(indexOf('aaaaaa1_input.jsonl'))
        expect(indexOf('bbbbbb2_output.jsonl')).toBe(indexOf('bbbbbb2_input.jsonl'))
      },
    ))

  test('are brought in once: twice changes nothing, and neither does it after a run', () =>
    withLoose({ 'a.jsonl': requests(ids), 'o.jsonl': answers(ids) }, async ({ root, bringIn }) => {
      await bringIn()
      const before = filesBelow(root)
      expect(told(await bringIn())).toEqual(['a.jsonl | here | 20', 'o.jsonl | here | 20'])
      expect(filesBelow(root)).toEqual(before)
      await reconcileWorkspace(await openWorkspace(root))
      expect(told(await bringIn())).toEqual(['a.jsonl | here | 20', 'o.jsonl | here | 20'])
    }))

  test('overwrite nothing: another file of the same name is told', () =>
    withLoose(
      { 'batch_input_7.jsonl': requests(ids), 'o.jsonl': answers(ids) },
      async ({ root, bringIn }) => {
        putFiles(root, { 'workdir/batch_output_7.jsonl': answers(['other']) })
        const { triples, files } = await bringIn()
        expect(triples).toMatchObject([
          {
            index: '7',
            result: 'refused',
            problem: { message: expect.stringContaining('batch_output_7.jsonl stands here already') },
          },
        ])
        expect(files.every(({ isMissed }) => isMissed)).toBe(true)
        expect(Object.keys(filesBelow(join(root, 'workdir')))).toEqual(['batch_output_7.jsonl'])
      },
    ))

  test('are looked at alone in a dry run', () =>
    withLoose({ 'a.jsonl': requests(ids), 'o.jsonl': answers(ids) }, async ({ root, loose, bringIn }) => {
      const before = [filesBelow(root), filesBelow(loose)]
      expect(told(await bringIn({ isDryRun: true, shouldMove: true }))).toEqual([
        'a.jsonl | imported | 20',
        'o.jsonl | imported | 20',
      ])
      expect([filesBelow(root), filesBelow(loose)]).toEqual(before)
    }))

  test('are found to fit by the ids of all requests, however few answers there are', () => {
    const many = idsUpTo(20_000)
    return withLoose(
      {
        'a.jsonl': requests(many),
        'e.jsonl': failures(many.slice(7_000, 7_003)),
        'o.jsonl': answers([...many.slice(0, 7_000), ...many.slice(7_003)]),
      },
      async ({ bringIn }) => {
        expect(told(await bringIn())).toEqual([
          'a.jsonl | imported | 20000',
          'e.jsonl | imported | 3',
          'o.jsonl | imported | 19997',
        ])
      },
    )
  })

  test('that are few and fit two large inputs are in doubt', () => {
    const many = idsUpTo(20_000)
    return withLoose(
      {
        'a.jsonl': requests(many),
        'b.jsonl': requests([...many, 'more']),
        'e.jsonl': failures(many.slice(11_000, 11_002)),
      },
      async ({ bringIn }) => {
        const { triples, files } = await bringIn()
        expect(triples).toEqual([])
        expect(files.map(({ why }) => why)[2]).toContain('fits several inputs')
      },
    )
  })

  test('fit no input that lacks one id in ten thousand', () => {
    const many = idsUpTo(10_000)
    return withLoose(
      { 'a.jsonl': requests(many.slice(1)), 'o.jsonl': answers(many) },
      async ({ bringIn }) => {
        const [, answered] = (await bringIn()).files
        expect(answered?.why).toContain('and 1 row of it answers none of them')
      },
    )
  })

  test('that fit many inputs go with the one of the same batch id, also when it comes last', () =>
    withLoose(
      {
        ...Object.fromEntries(
          Array.from({ length: 6 }, (_, at) => [`${at}.jsonl`, requests([...ids, `more ${at}`])]),
        ),
        'batch_68a1f0aa_input.jsonl': requests(ids),
        'batch_68a1f0aa_output.jsonl': answers(ids),
      },
      async ({ bringIn }) => {
        const { files } = await bringIn()
        expect(files.filter(({ fate }) => fate === 'imported').map(({ matched }) => matched)).toEqual([
          20, 20,
        ])
      },
    ))

  test('whose bytes stand in workdir/ or done/ under another index come to no second triple', () =>
    withLoose(
      {
        'a.jsonl': requests(ids),
        'b.jsonl': requests(['b']),
        'ao.jsonl': answers(ids),
        'bo.jsonl': answers(['b']),
        'batch_input_3.jsonl': requests(['c']),
        'c.jsonl': answers(['c']),
      },
      async ({ root, loose, bringIn }) => {
        putFiles(root, {
          'workdir/batch_input_7.jsonl': requests(ids),
          'done/batch_input_8.jsonl': requests(['b']),
          'done/batch_output_8.jsonl': answers(['b']),
          'done/batch_output_3.jsonl': answers(['x']),
        })
        const report = await bringIn()
        expect(report.triples.map(({ index, result }) => `${index} ${result}`)).toEqual([
          '7 imported',
          '8 here',
          '3 refused',
        ])
        expect(Object.keys(filesBelow(join(root, 'workdir')))).toEqual([
          'batch_input_7.jsonl',
          'batch_output_7.jsonl',
        ])
        const alone = await importFiles(await openWorkspace(root), [join(loose, 'ao.jsonl')])
        expect(alone.files).toMatchObject([{ fate: 'left-over', isMissed: false }])
        expect(alone.files[0]?.why).toContain('holds the same bytes as')
      },
    ))

  test('with answers to an input of workdir/ come beside it, by its batch id where two have their ids', () =>
    withLoose(
      {
        'a.jsonl': answers(ids.slice(0, 18)),
        'e.jsonl': failures(ids.slice(18)),
        'batch_68a1f0aa_output.jsonl': answers(['t']),
        'u.jsonl': answers(['u']),
      },
      async ({ root, bringIn }) => {
        putFiles(root, {
          'workdir/batch_input_7.jsonl': requests(ids),
          'workdir/batch_output_7.jsonl': answers(ids.slice(0, 18)),
          'workdir/batch_input_8.jsonl': requests(['t', 'u']),
          'workdir/batch_input_9.jsonl': requests(['t', 'u', 'v']),
          'workdir/batch_metadata_9.jsonl': metadataText({ batch_id: 'batch_68a1f0aa' }),
        })
        const { files } = await bringIn({ shouldMove: true })
        expect(files.map(({ fate, index }) => [fate, index])).toEqual([
          ['here', '7'],
          ['imported', '9'],
          ['imported', '7'],
          ['left-over', null],
        ])
        expect(files.map(({ isMissed }) => isMissed)).toEqual([false, false, false, true])
        expect(Object.keys(filesBelow(join(root, 'workdir')))).toEqual([
          'batch_error_7.jsonl',
          'batch_input_7.jsonl',
          'batch_input_8.jsonl',
          'batch_input_9.jsonl',
          'batch_metadata_9.jsonl',
          'batch_output_7.jsonl',
          'batch_output_9.jsonl',
        ])
      },
    ))

  test('with other answers than those that stand, or to a finished triple, are refused', () =>
    withLoose(
      { 'a.jsonl': answers(ids), 'd.jsonl': requests(['d']), 'e.jsonl': failures(['d']) },
      async ({ root, bringIn }) => {
        putFiles(root, {
          'workdir/batch_input_7.jsonl': requests(ids),
          'workdir/batch_output_7.jsonl': answers(ids.slice(1)),
          'done/batch_input_8.jsonl': requests(['d']),
          'done/batch_output_8.jsonl': answers(['d']),
        })
        const before = filesBelow(root)
        const { triples } = await bringIn()
        expect(triples.map(({ index, result }) => `${index} ${result}`)).toEqual(['8 refused', '7 refused'])
        expect(triples[0]?.problem?.message).toContain('is finished')
        expect(triples[1]?.problem?.message).toContain('stands here already and is another file')
        expect(filesBelow(root)).toEqual(before)
      },
    ))

  test('are moved when asked, those that are left over are not', () =>
    withLoose(
      { 'a.jsonl': requests(ids), 'o.jsonl': answers(ids), 'x.jsonl': answers(['x']) },
      async ({ loose, bringIn }) => {
        await bringIn({ shouldMove: true })
        expect(Object.keys(filesBelow(loose))).toEqual(['x.jsonl'])
      },
    ))

  test('are never removed where they are the files of the workspace, by a link or a second name', () =>
    withLoose({ 'a.jsonl': requests(ids), 'o.jsonl': answers(ids) }, async ({ loose, root, bringIn }) => {
      await bringIn({ shouldMove: true })
      const before = filesBelow(root)
      symlinkSync(root, join(loose, '..', 'alias'))
      const workspace = await openWorkspace(root)
      const names = Object.keys(before).map((path) => join(root, path))
      for (const [at, path] of names.entries()) linkSync(path, join(loose, `${at}.jsonl`))
      await importFiles(workspace, [join(loose, '..', 'alias', 'workdir')], { shouldMove: true })
      await importFiles(workspace, [loose], { shouldMove: true })
      expect(filesBelow(root)).toEqual(before)
      expect(Object.keys(filesBelow(loose))).toHaveLength(names.length)
    }))

  test('in workdir/ itself are brought in, and what stands there under a name of ours is not taken for loose', () =>
    withLoose({}, async ({ root }) => {
      putFiles(root, {
        'workdir/batch_input_1.jsonl': requests(['a']),
        'workdir/requests.jsonl': requests(ids),
        'workdir/results.jsonl': answers(ids),
      })
      const report = await importFiles(await openWorkspace(root), [join(root, 'workdir')], {
        shouldMove: true,
      })
      expect(told(report)).toEqual(['requests.jsonl | imported | 20', 'results.jsonl | imported | 20'])
      expect(Object.keys(filesBelow(join(root, 'workdir')))).toHaveLength(3)
    }))

  test('that cannot be opened hide no other; a pipe, a link in a circle and a hidden file are passed over', () =>
    withLoose(
      { 'a.jsonl': requests(ids), 'o.jsonl': answers(ids), '.hidden': 'x' },
      async ({ loose, bringIn }) => {
        execFileSync('mkfifo', [join(loose, 'pipe.jsonl')])
        symlinkSync(loose, join(loose, 'again'))
        const report = await bringIn()
        expect(report.triples).toMatchObject([{ result: 'imported' }])
      },
    ))
})

describe('a copy', () => {
  const files = {
    'a.jsonl': requests(ids),
    'o.jsonl': answers(ids.slice(1)),
    'e.jsonl': failures(ids.slice(0, 1)),
  }

  test('that ends at any of its operations leaves whole files, never an input alone, and is finished by the next', async () => {
    let isOver = false
    for (let nth = 1; !isOver; nth += 1) {
      expect(nth).toBeLessThan(200)
      await withLoose(files, async ({ root, loose, bringIn }) => {
        const disk = faultFileSystem(nodeFileSystem, [
          { operation: 'write', path: 'workdir', nth, error: 'crash' },
          { operation: 'sync', path: 'workdir', nth, error: 'crash' },
          { operation: 'link', path: 'workdir', nth, error: 'crash' },
          { operation: 'remove', path: 'loose', nth, error: 'crash' },
        ])
        const workspace = await openWorkspace(root, { fileSystem: disk })
        isOver = await importFiles(workspace, [loose], { shouldMove: true }).then(
          () => true,
          () => false,
        )
        const standing = Object.keys(filesBelow(join(root, 'workdir'))).filter((name) =>
          name.startsWith('batch_'),
        )
        if (standing.some((name) => name.startsWith('batch_input'))) expect(standing).toHaveLength(3)
        execFileSync('rm', ['-f', join(root, '.batch-reconciler.lock')])
        await bringIn({ shouldMove: true })
        const copies = Object.values(filesBelow(join(root, 'workdir'))).filter((text) =>
          Object.values(files).includes(text),
        )
        const sources = Object.values(filesBelow(loose))
        expect([new Set(copies).size, sources]).toEqual([3, []])
      })
    }
  })

  test('of answers alone keeps their sources until the input is here as well', () =>
    withLoose(files, async ({ root, loose, bringIn }) => {
      const full = faultFileSystem(nodeFileSystem, [
        { operation: 'write', path: 'batch_input', nth: 1, error: 'ENOSPC' },
      ])
      await importFiles(await openWorkspace(root, { fileSystem: full }), [loose], { shouldMove: true })
      const blind = faultFileSystem(nodeFileSystem, [
        { operation: 'open', path: 'a.jsonl', nth: 1, error: 'EIO' },
      ])
      await importFiles(await openWorkspace(root, { fileSystem: blind }), [loose], { shouldMove: true })
      expect(Object.keys(filesBelow(loose))).toHaveLength(3)
      expect((await bringIn({ shouldMove: true })).triples).toMatchObject([{ result: 'imported' }])
      expect(filesBelow(loose)).toEqual({})
    }))

  test('whose name was not made durable is, before its source goes: a power cut would take both', () =>
    withLoose(files, async ({ root, loose, bringIn }) => {
      const failing = faultFileSystem(nodeFileSystem, [
        { operation: 'syncDirectory', path: 'workdir', error: 'EIO' },
      ])
      for (let file = 0; file < 3; file += 1) {
        const workspace = await openWorkspace(root, { fileSystem: failing })
        await importFiles(workspace, [loose], { shouldMove: true })
      }
      expect(Object.keys(filesBelow(loose))).toHaveLength(3)
      const disk = faultFileSystem(nodeFileSystem)
      await importFiles(await openWorkspace(root, { fileSystem: disk }), [loose], { shouldMove: true })
      const steps = disk.log.filter(({ operation }) => /^(sync|syncDirectory|remove)$/.test(operation))
      const removals = steps.flatMap(({ operation, path }, at) =>
        operation === 'remove' && path.startsWith(loose) ? [at] : [],
      )
      expect(removals).toHaveLength(3)
      for (const at of removals)
        expect(steps.slice(at - 2, at).map(({ operation }) => operation)).toEqual(['sync', 'syncDirectory'])
      expect((await bringIn()).files).toEqual([])
    }))

  test('of a file that is written to meanwhile is none', () =>
    withLoose({ 'a.jsonl': requests(ids), 'o.jsonl': answers(ids) }, async ({ root, loose }) => {
      let reads = 0
      const workspace = await openWorkspace(root)
      const report = await importFiles(
        {
          ...workspace,
          fileSystem: {
            ...workspace.fileSystem,
            open: async (path, mode) => {
              if (path === join(loose, 'o.jsonl') && mode === 'read' && (reads += 1) === 3)
                putFiles(loose, { 'o.jsonl': answers(ids.slice(1)) })
              return workspace.fileSystem.open(path, mode)
            },
          },
        },
        [loose],
      )
      expect(report.triples).toMatchObject([{ result: 'refused', problem: { code: 'FileChangedDuringRun' } }])
      expect(existsSync(join(root, 'workdir', 'batch_input_7.jsonl'))).toBe(false)
      expect(Object.keys(filesBelow(join(root, 'workdir')))).toEqual([])
    }))
})

test('however a batch is named, shuffled and split in good and bad, its rows come in with their requests', async () => {
  const name = fc
    .stringMatching(/^[A-Za-z0-9 _.()-]{1,20}$/)
    .filter((text) => !text.startsWith('.') && text.trim() === text)
  const batches = fc.array(fc.record({ size: fc.integer({ min: 1, max: 30 }), bad: fc.nat(30) }), {
    minLength: 1,
    maxLength: 5,
  })
  const property = fc.asyncProperty(
    batches,
    fc.uniqueArray(name, { minLength: 15, maxLength: 15, selector: (text) => text.toLowerCase() }),
    async (each, names) =>
      withLoose({}, async ({ loose, bringIn }) => {
        let at = 0
        for (const [number, { size, bad }] of each.entries()) {
          const own = idsUpTo(size, `b${number}-`)
          const [good, failed] = [own.slice(Math.min(bad, size)), own.slice(0, Math.min(bad, size))]
          const parts = [
            requests(own),
            ...(good.length > 0 ? [answers(good.toReversed())] : []),
            ...(failed.length > 0 ? [failures(failed)] : []),
          ]
          for (const part of parts) putFiles(loose, { [`f${(at += 1)} ${names[at]}`]: part })
        }
        const { triples, files } = await bringIn()
        return (
          triples.length === each.length &&
          triples.every(({ result }) => result === 'imported') &&
          files.every(({ fate }) => fate === 'imported')
        )
      }),
  )
  const result = await fc.check(property, { seed: 11, numRuns: 25 })
  expect(result.failed, JSON.stringify(result.counterexample)).toBe(false)
}, 60_000)

test('names of the sources are kept where they are not moved', () =>
  withLoose({ 'a.jsonl': requests(ids), 'o.jsonl': answers(ids) }, async ({ loose, bringIn }) => {
    await bringIn()
    expect(readFileSync(join(loose, 'a.jsonl'), 'utf8')).toBe(requests(ids))
  }))
