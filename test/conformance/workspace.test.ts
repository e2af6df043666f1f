import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  createTemporaryWorkspace,
  findTriple,
  locateTriple,
  nodeFileSystem,
  openWorkspace,
  reconcileWorkspace,
  scanWorkspace,
  type BatchFileTriple,
  type BatchWorkspace,
} from '../../src/index.js'
import { workspaceDirectories, workspaceLayout } from '../../src/workspace/layout.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import {
  filesBelow,
  onDisk,
  putFiles,
  rejection,
  withDirectory,
  withWorkspace,
} from '../workspace/support.js'
import { answerLine, jsonl, metadataText, namesIn, requestLine } from './support.js'

const uuid = '1f0c0a9e-2b6d-4f0a-9d7e-0a1b2c3d4e5f'
const otherUuid = 'ffffffff-0000-4000-8000-123456789abc'
const kinds = ['input', 'output', 'error', 'metadata'] as const
const six = ['workdir', 'done', 'target', 'failed-items', 'failed-json-repairs', 'logs']

/** Which of the six directories do not stand there. */
const missingBelow = (root: string): string[] => six.filter((name) => !existsSync(join(root, name)))

/** Empty files in `workdir/`. */
const inWorkdir = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`workdir/${name}`, '']))

const allFilesOf = (...indices: readonly string[]): Record<string, string> =>
  inWorkdir(...indices.flatMap((index) => kinds.map((kind) => `batch_${kind}_${index}.jsonl`)))

const indicesOf = async (workspace: BatchWorkspace): Promise<string[]> =>
  (await scanWorkspace(workspace)).triples.map(({ index }) => index)

const indicesIn = (files: Record<string, string>) => withWorkspace(files, indicesOf)

/** Which kinds of files the triple has. */
const kindsOf = (triple: BatchFileTriple): string[] => kinds.filter((kind) => triple[kind] !== null)

const triplesIn = (files: Record<string, string>) =>
  withWorkspace(files, async (workspace) => (await scanWorkspace(workspace)).triples)

const locate = (files: Record<string, string>, index: string) =>
  withWorkspace(files, (workspace) => locateTriple(workspace, index))

const times = <T>(count: number, act: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, act))

/** A name with a byte that is no UTF-8, which only some systems allow. */
function putUnreadableName({ layout }: BatchWorkspace): void {
  const name = Buffer.concat([
    Buffer.from(`${layout.workdir}/batch_input_`),
    Buffer.from([0xff]),
    Buffer.from('.jsonl'),
  ])
  writeFileSync(name, '')
}
const allowsAnyName = process.platform === 'linux'

describe('finding indices', () => {
  test('W8 a mixed workdir: 0, 1, 12345 and two UUIDs are found, other names are not', async () => {
    const files = inWorkdir(
      'batch_input_0.jsonl',
      'batch_output_1.jsonl',
      'batch_error_12345.jsonl',
      `batch_input_${uuid}.jsonl`,
      `batch_metadata_${otherUuid}.jsonl`,
      'batch_error_invalid.jsonl',
      'random_file.txt',
    )
    expect(await indicesIn(files)).toEqual(['0', '1', '12345', uuid, otherUuid])
  })

  test('W9 an empty workdir has no indices', async () => {
    expect(await indicesIn({})).toEqual([])
  })

  test('W10 one input file with a number gives that number', async () => {
    expect(await indicesIn(inWorkdir('batch_input_42.jsonl'))).toEqual(['42'])
  })

  test('W11 one output file with a UUID gives that UUID', async () => {
    expect(await indicesIn(inWorkdir(`batch_output_${uuid}.jsonl`))).toEqual([uuid])
  })

  test('W12 five files of four indices give four', async () => {
    const names = [
      'batch_input_1.jsonl',
      'batch_output_1.jsonl',
      'batch_error_2.jsonl',
      'batch_input_3.jsonl',
      'batch_input_10.jsonl',
    ]
    expect(await indicesIn(inWorkdir(...names))).toEqual(['1', '2', '3', '10'])
  })

  test('W13 names that are almost right are no batch files', async () => {
    const names = [
      'batchinput_123.jsonl',
      'batch_input_123.txt',
      'batch_inp_999.jsonl',
      'random_file.jsonl',
      'batch_input_notanumber.jsonl',
      'batch_something_else_123.jsonl',
    ]
    expect(await indicesIn(inWorkdir(...names))).toEqual([])
  })

  test('W14 five looks at the same time agree', async () => {
    await withWorkspace(inWorkdir('batch_input_5.jsonl', 'batch_input_6.jsonl'), async (workspace) => {
      const looks = await times(5, () => indicesOf(workspace))
      expect(looks).toEqual(Array.from({ length: 5 }, () => ['5', '6']))
    })
  })

  test('W15 a workdir that may not be read is an error, not an empty one', async () => {
    await withWorkspace(inWorkdir('batch_input_5.jsonl'), async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem, [{ operation: 'list', path: 'workdir', error: 'EACCES' }])
      const problem = await rejection(scanWorkspace(onDisk(workspace, disk)))
      expect(problem.code).toBe('PermissionDenied')
    })
  })

  test.runIf(allowsAnyName)('W16 a name that is no UTF-8 is passed over', async () => {
    await withWorkspace(inWorkdir('batch_input_5.jsonl'), async (workspace) => {
      putUnreadableName(workspace)
      expect(await indicesOf(workspace)).toEqual(['5'])
    })
  })

  test('W17 36 characters that are no UUID are reported and stop nothing', async () => {
    const name = 'batch_input_aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaZaaaa.jsonl'
    await withWorkspace(inWorkdir(name, 'batch_input_99.jsonl'), async (workspace) => {
      const { triples, warnings } = await scanWorkspace(workspace)
      expect(triples.map(({ index }) => index)).toEqual(['99'])
      expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining(name)])
    })
  })
})

describe('gathering triples', () => {
  test('W18 three indices with all files give three whole triples in order', async () => {
    const triples = await triplesIn(allFilesOf('1', '2', '3'))
    expect(triples.map(({ index }) => index)).toEqual(['1', '2', '3'])
    expect(triples.map(kindsOf)).toEqual([[...kinds], [...kinds], [...kinds]])
  })

  test('W19 an input alone and an input with its output have just these files', async () => {
    const files = inWorkdir('batch_input_4.jsonl', 'batch_input_5.jsonl', 'batch_output_5.jsonl')
    expect((await triplesIn(files)).map(kindsOf)).toEqual([['input'], ['input', 'output']])
  })

  test('W20 a workdir with nothing of ours gives no triples', async () => {
    expect(await triplesIn(inWorkdir('notes.txt', 'results.csv'))).toEqual([])
  })

  test('W21 a workspace that may not be made there: PermissionDenied', async () => {
    await withDirectory(async (directory) => {
      const disk = faultFileSystem(nodeFileSystem, [{ operation: 'makeDirectory', error: 'EROFS' }])
      const opened = openWorkspace(join(directory, 'batches'), { create: true, fileSystem: disk })
      expect((await rejection(opened)).code).toBe('PermissionDenied')
    })
  })

  test('W22 malformed names make no triples', async () => {
    const files = inWorkdir('batch_input_.jsonl', 'batch_input_1_.jsonl', 'batch_input_1.jsonl.gz')
    expect(await triplesIn(files)).toEqual([])
  })

  test('W23 three gatherings of ten at the same time each give all ten', async () => {
    const ten = Array.from({ length: 10 }, (_, number) => String(number))
    await withWorkspace(allFilesOf(...ten), async (workspace) => {
      expect(await times(3, () => indicesOf(workspace))).toEqual([ten, ten, ten])
    })
  })

  test('W24 a new workspace gives no triples and no warnings', async () => {
    await withWorkspace({}, async (workspace) => {
      expect(await scanWorkspace(workspace)).toEqual({ triples: [], warnings: [] })
    })
  })

  test('W25 three input files give three triples', async () => {
    const triples = await triplesIn(
      inWorkdir('batch_input_1.jsonl', 'batch_input_2.jsonl', 'batch_input_3.jsonl'),
    )
    expect(triples.map(kindsOf)).toEqual([['input'], ['input'], ['input']])
  })

  test('W26 partial sets give a triple each', async () => {
    const names = [
      'batch_input_10.jsonl',
      'batch_output_10.jsonl',
      'batch_error_11.jsonl',
      'batch_output_12.jsonl',
    ]
    const triples = await triplesIn(inWorkdir(...names))
    expect(triples.map((triple) => [triple.index, ...kindsOf(triple)])).toEqual([
      ['10', 'input', 'output'],
      ['11', 'error'],
      ['12', 'output'],
    ])
  })

  test('W27 unknown kinds and foreign names beside a triple are not part of it', async () => {
    const names = ['batch_foo_42.jsonl', 'batch_42.jsonl', 'foo_batch_input_42.jsonl', 'notes.txt']
    const triples = await triplesIn(inWorkdir(...names, 'batch_input_42.jsonl', 'batch_error_42.jsonl'))
    expect(triples.map(kindsOf)).toEqual([['input', 'error']])
  })

  test('W28 triples come by index, whichever was made first', async () => {
    const names = [
      'batch_input_3.jsonl',
      'batch_input_1.jsonl',
      'batch_input_20.jsonl',
      'batch_input_2.jsonl',
    ]
    expect(await indicesIn(inWorkdir(...names))).toEqual(['1', '2', '3', '20'])
  })

  test('W29 five gatherings of five at the same time agree', async () => {
    const five = ['1', '2', '3', '4', '5']
    await withWorkspace(allFilesOf(...five), async (workspace) => {
      const gathered = await times(5, async () => (await scanWorkspace(workspace)).triples.map(kindsOf))
      expect(gathered).toEqual(Array.from({ length: 5 }, () => five.map(() => [...kinds])))
    })
  })

  test('W30 a done directory that may not be read is an error: moves could be half finished', async () => {
    await withWorkspace(inWorkdir('batch_input_5.jsonl'), async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem, [{ operation: 'list', path: 'done', error: 'EACCES' }])
      expect((await rejection(scanWorkspace(onDisk(workspace, disk)))).code).toBe('PermissionDenied')
    })
  })

  test('W31 a number with an input and a UUID with an output alone are both given', async () => {
    const triples = await triplesIn(inWorkdir('batch_input_100.jsonl', `batch_output_${uuid}.jsonl`))
    expect(triples.map((triple) => [triple.index, ...kindsOf(triple)])).toEqual([
      ['100', 'input'],
      [uuid, 'output'],
    ])
  })

  test('W32 a copy under another name makes no second triple', async () => {
    const files = inWorkdir('batch_input_4.jsonl', 'batch_inp_4_duplicate.jsonl')
    expect((await triplesIn(files)).map(kindsOf)).toEqual([['input']])
  })
})

describe('where things stand', () => {
  const layout = workspaceLayout('/batches')

  test('W33 finished triples stand in done', () => {
    expect(layout.done).toBe(join('/batches', 'done'))
    expect(layout.doneFile('output', '4')).toBe(join('/batches', 'done', 'batch_output_4.jsonl'))
  })

  test('W34 the input of a number', () => {
    expect(layout.workdirFile('input', '42')).toBe(join('/batches', 'workdir', 'batch_input_42.jsonl'))
  })

  test('W35 the input of a UUID', () => {
    expect(layout.workdirFile('input', uuid)).toBe(join('/batches', 'workdir', `batch_input_${uuid}.jsonl`))
  })

  test('W36 the output', () => {
    expect(layout.workdirFile('output', '42')).toBe(join('/batches', 'workdir', 'batch_output_42.jsonl'))
  })

  test('W37 the error file of a UUID', () => {
    expect(layout.workdirFile('error', uuid)).toBe(join('/batches', 'workdir', `batch_error_${uuid}.jsonl`))
  })

  test('W38 the metadata of index 0', () => {
    expect(layout.workdirFile('metadata', '0')).toBe(join('/batches', 'workdir', 'batch_metadata_0.jsonl'))
  })

  test('W39 results stand in target under the index, whatever the answers hold', async () => {
    for (const expectedContentType of ['json', 'json-lines', 'text'] as const) {
      const files = {
        'workdir/batch_input_4.jsonl': jsonl(requestLine('my_item_name')),
        'workdir/batch_output_4.jsonl': jsonl(answerLine('my_item_name', '{"name":"other name"}')),
      }
      await withWorkspace(files, async (workspace) => {
        await reconcileWorkspace(workspace, { expectedContentType })
        expect(namesIn(workspace, 'target')).toEqual(['batch_results_4.jsonl'])
      })
    }
  })

  test('W40 answers that could not be read stand in failed-json-repairs', () => {
    expect(layout.failedJsonRepairs).toBe(join('/batches', 'failed-json-repairs'))
  })

  test('W41 requests that failed stand in failed-items', () => {
    expect(layout.failedItems).toBe(join('/batches', 'failed-items'))
    expect(layout.failedFile('4')).toBe(join('/batches', 'failed-items', 'batch_failed_4.jsonl'))
  })

  test('W43 live files stand in workdir', () => {
    expect(layout.workdir).toBe(join('/batches', 'workdir'))
  })

  test('W44 five that open one new workspace at the same time name the same directories', async () => {
    await withDirectory(async (directory) => {
      const root = join(directory, 'batches')
      const opened = await times(5, () => openWorkspace(root, { create: true }))
      const directories = six.map((name) => join(root, name))
      for (const workspace of opened) expect(workspaceDirectories(workspace.layout)).toEqual(directories)
      expect(directories.filter((path) => !existsSync(path))).toEqual([])
    })
  })
})

describe('locating one triple', () => {
  test('W45 index 4 with three files gives their exact paths', async () => {
    const files = inWorkdir('batch_input_4.jsonl', 'batch_output_4.jsonl', 'batch_error_4.jsonl')
    await withWorkspace(files, async (workspace) => {
      const { workdir } = workspace.layout
      expect(await locateTriple(workspace, '4')).toMatchObject({
        input: join(workdir, 'batch_input_4.jsonl'),
        output: join(workdir, 'batch_output_4.jsonl'),
        error: join(workdir, 'batch_error_4.jsonl'),
        metadata: null,
      })
    })
  })

  test('W46 a UUID with input and output has no error file', async () => {
    const files = inWorkdir(`batch_input_${uuid}.jsonl`, `batch_output_${uuid}.jsonl`)
    expect(kindsOf(await locate(files, uuid))).toEqual(['input', 'output'])
  })

  test('W47 an index without files gives a triple without files', async () => {
    expect(kindsOf(await locate({}, '4'))).toEqual([])
  })

  test('W48 an index without files beside one with files is no error either', async () => {
    expect(kindsOf(await locate(allFilesOf('4'), '9999'))).toEqual([])
  })

  test('W49 an input alone', async () => {
    expect(kindsOf(await locate(inWorkdir('batch_input_4.jsonl'), '4'))).toEqual(['input'])
  })

  test('W50 an output alone', async () => {
    expect(kindsOf(await locate(inWorkdir('batch_output_4.jsonl'), '4'))).toEqual(['output'])
  })

  test('W51 an error file alone', async () => {
    expect(kindsOf(await locate(inWorkdir('batch_error_4.jsonl'), '4'))).toEqual(['error'])
  })

  test('W52 metadata alone', async () => {
    const files = { 'workdir/batch_metadata_4.jsonl': metadataText({}) }
    expect(kindsOf(await locate(files, '4'))).toEqual(['metadata'])
  })

  test('W53 input and output', async () => {
    const files = inWorkdir('batch_input_4.jsonl', 'batch_output_4.jsonl')
    expect(kindsOf(await locate(files, '4'))).toEqual(['input', 'output'])
  })

  test('W54 an unknown kind of the same index is passed over', async () => {
    const files = inWorkdir('batch_input_44.jsonl', 'batch_foo_44.jsonl')
    expect(kindsOf(await locate(files, '44'))).toEqual(['input'])
  })

  test('W55 the output of a UUID', async () => {
    expect(kindsOf(await locate(inWorkdir(`batch_output_${uuid}.jsonl`), uuid))).toEqual(['output'])
  })

  test('W56 five that locate one triple at the same time agree', async () => {
    await withWorkspace(allFilesOf('4'), async (workspace) => {
      const found = await times(5, async () => kindsOf(await locateTriple(workspace, '4')))
      expect(found).toEqual(Array.from({ length: 5 }, () => [...kinds]))
    })
  })

  test.runIf(allowsAnyName)('W57 a name that is no UTF-8 stands in nobody’s way', async () => {
    await withWorkspace(inWorkdir('batch_input_4.jsonl'), async (workspace) => {
      putUnreadableName(workspace)
      expect(kindsOf(await locateTriple(workspace, '4'))).toEqual(['input'])
    })
  })

  test('W58 a copy under another name is passed over', async () => {
    const files = inWorkdir('batch_input_4.jsonl', 'batch_inp_4_duplicate.jsonl')
    const triple = await locate(files, '4')
    expect(triple.input).toMatch(/batch_input_4\.jsonl$/)
    expect(kindsOf(triple)).toEqual(['input'])
  })

  test('W59 a second input file with another beginning is passed over', async () => {
    const triple = await locate(inWorkdir('batch_input_4.jsonl', 'my_batch_input_4.jsonl'), '4')
    expect(triple.input).toMatch(/[\\/]batch_input_4\.jsonl$/)
  })

  test('W60 a second output file with another beginning is passed over', async () => {
    const triple = await locate(inWorkdir('batch_output_4.jsonl', 'my_batch_output_4.jsonl'), '4')
    expect(triple.output).toMatch(/[\\/]batch_output_4\.jsonl$/)
  })

  test('W61 a second error file with another beginning is passed over', async () => {
    const triple = await locate(inWorkdir('batch_error_4.jsonl', 'my_batch_error_4.jsonl'), '4')
    expect(triple.error).toMatch(/[\\/]batch_error_4\.jsonl$/)
  })

  test('W62 a second metadata file with another beginning is passed over', async () => {
    const triple = await locate(inWorkdir('batch_metadata_4.jsonl', 'my_batch_metadata_4.jsonl'), '4')
    expect(triple.metadata).toMatch(/[\\/]batch_metadata_4\.jsonl$/)
  })
})

describe('workspaces', () => {
  test('W63 a folder that is opened twice is the same workspace', async () => {
    await withWorkspace({}, async ({ root, layout }) => {
      const again = await openWorkspace(`${root}/./`)
      expect(workspaceDirectories(again.layout)).toEqual(workspaceDirectories(layout))
      expect(again.root).toBe(root)
    })
  })

  test('W64 two folders are two workspaces: no directory is shared', () => {
    const one = workspaceDirectories(workspaceLayout('/batches'))
    const other = workspaceDirectories(workspaceLayout('/batches-2'))
    expect(one.filter((path) => other.includes(path))).toEqual([])
  })

  test('W67 a triple is found by its index', async () => {
    await withWorkspace(inWorkdir('batch_input_4.jsonl'), async (workspace) => {
      expect(await findTriple(workspace, '4')).toMatchObject({ index: '4', input: expect.any(String) })
    })
  })

  test('W68 an index that nothing stands at: NoBatchFileTripleAtIndex', async () => {
    await withWorkspace(inWorkdir('batch_input_4.jsonl'), async (workspace) => {
      const problem = await rejection(findTriple(workspace, '5'))
      expect(problem).toMatchObject({ code: 'NoBatchFileTripleAtIndex', index: '5' })
    })
  })

  test('W70 a temporary workspace can be removed with all that is in it, and once more', async () => {
    const { workspace, remove } = await createTemporaryWorkspace()
    putFiles(workspace.root, allFilesOf('4'))
    remove()
    remove()
    expect(existsSync(workspace.root)).toBe(false)
  })

  test('W71 one directory that may not be made: PermissionDenied with its path', async () => {
    await withDirectory(async (directory) => {
      const disk = faultFileSystem(nodeFileSystem, [
        { operation: 'makeDirectory', path: 'failed-items', error: 'EACCES' },
      ])
      const problem = await rejection(openWorkspace(directory, { create: true, fileSystem: disk }))
      expect(problem.code).toBe('PermissionDenied')
      expect(problem.message).toContain(join(directory, 'failed-items'))
    })
  })

  test('W72 target holds exactly the results of the two triples that were finished', async () => {
    const files = Object.fromEntries(
      ['4', uuid].flatMap((index) => [
        [`workdir/batch_input_${index}.jsonl`, jsonl(requestLine('a'))],
        [`workdir/batch_output_${index}.jsonl`, jsonl(answerLine('a', 'yes'))],
      ]),
    )
    await withWorkspace(files, async (workspace) => {
      await reconcileWorkspace(workspace)
      expect(namesIn(workspace, 'target')).toEqual([`batch_results_${uuid}.jsonl`, 'batch_results_4.jsonl'])
    })
  })

  test('W73 the error log is named after the index, number or UUID', () => {
    const layout = workspaceLayout('/batches')
    expect(layout.expansionErrorLogFile('4')).toBe(
      join('/batches', 'logs', 'batch_expansion_error_log_4.jsonl'),
    )
    expect(layout.expansionErrorLogFile(uuid)).toBe(
      join('/batches', 'logs', `batch_expansion_error_log_${uuid}.jsonl`),
    )
  })

  test('W74 five temporary workspaces at the same time stand apart', async () => {
    const made = await times(5, createTemporaryWorkspace)
    try {
      expect(new Set(made.map(({ workspace }) => workspace.root)).size).toBe(5)
      for (const { workspace } of made) expect(existsSync(workspace.layout.workdir)).toBe(true)
    } finally {
      for (const { remove } of made) remove()
    }
  })

  test('W75 five that look for one triple at the same time all find it', async () => {
    await withWorkspace(inWorkdir('batch_input_4.jsonl'), async (workspace) => {
      const found = await times(5, () => findTriple(workspace, '4'))
      expect(found.map(kindsOf)).toEqual(Array.from({ length: 5 }, () => ['input']))
    })
  })

  test('W76 a workspace that is created has its six directories, and keeps them when opened again', async () => {
    await withDirectory(async (directory) => {
      const root = join(directory, 'batches')
      await openWorkspace(root, { create: true })
      putFiles(root, inWorkdir('batch_input_4.jsonl'))
      await openWorkspace(root, { create: true })
      expect(missingBelow(root)).toEqual([])
      expect(Object.keys(filesBelow(root))).toEqual(['workdir/batch_input_4.jsonl'])
    })
  })

  test('W77 a temporary workspace has its six directories below the system’s temporary folder', async () => {
    const { workspace, remove } = await createTemporaryWorkspace()
    try {
      expect(workspace.root.startsWith(tmpdir())).toBe(true)
      expect(missingBelow(workspace.root)).toEqual([])
    } finally {
      remove()
    }
  })
})

describe('copies', () => {
  const files = {
    'workdir/batch_input_4.jsonl': jsonl(requestLine('a')),
    'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'yes')),
    'workdir/batch_metadata_4.jsonl': metadataText({}),
    'done/batch_input_3.jsonl': jsonl(requestLine('a')),
    'logs/batch_journal_3.jsonl': '',
  }
  const withCopy = (use: (original: BatchWorkspace, copy: BatchWorkspace) => Promise<void>) =>
    withWorkspace(files, (original) =>
      withDirectory(async (directory) => {
        const root = join(directory, 'copy')
        cpSync(original.root, root, { recursive: true })
        await use(original, await openWorkspace(root))
      }),
    )

  test('W78 a copied folder is a workspace of its own with the same files', async () => {
    await withCopy(async (original, copy) => {
      expect(filesBelow(copy.root)).toEqual(filesBelow(original.root))
      const [triple] = (await scanWorkspace(copy)).triples
      expect(triple?.input).toBe(join(copy.root, 'workdir', 'batch_input_4.jsonl'))
    })
  })

  test('W79 what is done to a copy does not reach the original', async () => {
    await withCopy(async (original, copy) => {
      const report = await reconcileWorkspace(copy)
      expect(report.triples.map(({ outcome }) => outcome.type)).toEqual(['done'])
      expect(filesBelow(original.root)).toEqual(files)
      expect(readFileSync(copy.layout.doneFile('output', '4'), 'utf8')).toBe(
        files['workdir/batch_output_4.jsonl'],
      )
    })
  })
})
