import { existsSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reconcileWorkspace, verifyWorkspace, type BatchWorkspace, type FileSystem } from '../../src/index.js'
import { answerLine, errorLine, jsonl, requestLine } from '../engine/lines.js'
import { impatientClock, reportOf, sha256 } from '../engine/workspaces.js'
import { filesBelow, onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'

const original = {
  input: jsonl(requestLine('a', 'one'), requestLine('b')),
  output: jsonl(answerLine('a', 'yes')),
  error: jsonl(errorLine('b')),
}
/** The same ids and as many bytes, so that no count shows the difference. */
const other = {
  input: jsonl(requestLine('a', 'two'), requestLine('b')),
  output: jsonl(answerLine('a', 'NO!')),
  error: jsonl(errorLine('b').replace('No b for', 'Ho b for')),
}
type Kind = keyof typeof original
const kinds = Object.keys(original) as Kind[]

/** Ways in which somebody changes a file under our hands. */
const changes = {
  'edited in place': (path: string, text: string) => writeFileSync(path, text, { flag: 'r+' }),
  'replaced by rename': (path: string, text: string) => {
    const fresh = join(dirname(path), `..`, `fresh-${basename(path)}`)
    writeFileSync(fresh, text)
    renameSync(fresh, path)
  },
  'rewritten with its size and times put back': (path: string, text: string) => {
    const { atime, mtime } = statSync(path)
    writeFileSync(path, text)
    utimesSync(path, atime, mtime)
  },
} as const
type Change = keyof typeof changes

/** A disk that calls `act` just before its `nth` operation. It counts them all, and when the proof got its name. */
function disturbedDisk(inner: FileSystem, nth: number, act: () => void) {
  let count = 0
  let proofAt = 0
  const before =
    <Args extends readonly unknown[], Result>(run: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> => {
      count += 1
      if (proofAt === 0 && String(args[1]).includes('batch_accounting_')) proofAt = count
      if (count === nth) act()
      return run(...args)
    }
  const disk: FileSystem = {
    list: before((path) => inner.list(path)),
    stat: before((path) => inner.stat(path)),
    makeDirectory: before((path) => inner.makeDirectory(path)),
    openAsBlob: before((path) => inner.openAsBlob(path)),
    rename: before((from, to) => inner.rename(from, to)),
    link: before((from, to) => inner.link(from, to)),
    remove: before((path) => inner.remove(path)),
    removeDirectory: before((path) => inner.removeDirectory(path)),
    syncDirectory: before((path) => inner.syncDirectory(path)),
    open: before(async (path, mode) => {
      const file = await inner.open(path, mode)
      return {
        ...file,
        read: before((buffer, position) => file.read(buffer, position)),
        write: before((bytes) => file.write(bytes)),
        stat: before(() => file.stat()),
      }
    }),
  }
  return { disk, operations: () => ({ first: proofAt, last: count }) }
}

const files = Object.fromEntries(kinds.map((kind) => [`workdir/batch_${kind}_1.jsonl`, original[kind]]))

const run = (workspace: BatchWorkspace) =>
  reconcileWorkspace(workspace, { clock: impatientClock, limits: { maxRetries: 0 } })

interface Disturbed {
  readonly hasHappened: boolean
  readonly outcome: string
  readonly code: string | null
}

/** One run with one change, then one without. What counts as done is proven, after each of them. */
function runDisturbed(disk: FileSystem, kind: Kind, change: Change, nth: number): Promise<Disturbed> {
  return withWorkspace(files, async (workspace) => {
    let hasHappened = false
    const path = workspace.layout.workdirFile(kind, '1')
    const act = (): void => {
      // By its name in workdir/: once that is given up, nobody has it any more.
      if (!existsSync(path)) return
      hasHappened = true
      changes[change](path, other[kind])
    }
    const { disk: disturbed } = disturbedDisk(disk, nth, act)
    const { outcome, problem } = reportOf(await run(onDisk(workspace, disturbed)), '1')
    const context = `${kind} ${change} before operation ${nth}: ${outcome.type} ${problem?.code}`
    if (outcome.type === 'done') await expectProven(workspace, context)
    await expectRecovery(workspace, context)
    return { hasHappened, outcome: outcome.type, code: problem?.code ?? null }
  })
}

async function expectProven(workspace: BatchWorkspace, context: string): Promise<void> {
  expect(await verifyWorkspace(workspace), context).toMatchObject([{ index: '1', isProven: true }])
  const proof = readFileSync(workspace.layout.accountingFile('1'), 'utf8')
  for (const kind of kinds) {
    expect(proof, context).toContain(sha256(readFileSync(workspace.layout.doneFile(kind, '1'))))
  }
  const results = readFileSync(workspace.layout.resultsFile('1'), 'utf8')
  const isOther = readFileSync(workspace.layout.doneFile('output', '1'), 'utf8') === other.output
  expect(results, context).toContain(isOther ? 'NO!' : 'yes')
}

/** The next run brings the triple in as it then stands, or says which two files a person has to choose from. */
async function expectRecovery(workspace: BatchWorkspace, context: string): Promise<void> {
  const report = await run(onDisk(workspace, unsyncedFileSystem))
  const after = report.triples[0]
  if (after !== undefined && after.outcome.type !== 'done') {
    expect(after.problem?.code, context).toBe('DoneFileConflict')
    return
  }
  if (Object.keys(filesBelow(join(workspace.root, 'workdir'))).length === 0)
    await expectProven(workspace, context)
}

/** The operations of a run after the check, by number. */
const operationsAfterCheck = (inner: FileSystem) =>
  withWorkspace(files, async (workspace) => {
    const { disk, operations } = disturbedDisk(inner, Infinity, () => {})
    await run(onDisk(workspace, disk))
    return operations()
  })

/** Each case begins at another place, so that together they meet every operation; `EVERY_OPERATION=1` tries all in each. */
const stride = process.env['EVERY_OPERATION'] === '1' ? 1 : 7

const withoutLinks: FileSystem = {
  ...unsyncedFileSystem,
  link: async (_, to) => {
    // The lock is not what is tried here.
    throw Object.assign(new Error(`EXDEV, link '${to}'`), { code: 'EXDEV' })
  },
}

describe.each([
  ['one disk', unsyncedFileSystem],
  ['two disks', withoutLinks],
])('a file that somebody changes while a run over %s is at work', (_, inner) => {
  const cases = kinds.flatMap((kind) =>
    (Object.keys(changes) as Change[]).map((change) => [kind, change] as const),
  )

  test.each(cases)('%s, %s: is never taken for the one that was proven', async (kind, change) => {
    const { first, last } = await operationsAfterCheck(inner)
    const offset = cases.findIndex((one) => one[0] === kind && one[1] === change) % stride
    const ends = new Map<string, number>()
    for (let nth = first + offset; nth <= last; nth += stride) {
      const { hasHappened, outcome, code } = await runDisturbed(inner, kind, change, nth)
      if (!hasHappened) continue
      const end = code ?? outcome
      ends.set(end, (ends.get(end) ?? 0) + 1)
    }
    const others = [...ends.keys()].filter(
      (end) => !['done', 'FileChangedDuringRun', 'DoneFileConflict'].includes(end),
    )
    expect(others).toEqual([])
    expect(ends.get('FileChangedDuringRun') ?? 0).toBeGreaterThan(0)
  })
})

describe('a file that comes while the rows are processed', () => {
  test.each([
    ['an error file in workdir/', 'workdir/batch_error_1.jsonl', 'FileChangedDuringRun'],
    ['an error file in done/', 'done/batch_error_1.jsonl', 'FileChangedDuringRun'],
    ['another output in done/', 'done/batch_output_1.jsonl', 'DoneFileConflict'],
  ])('%s: nothing is published', (_, path, code) => {
    const before = {
      'workdir/batch_input_1.jsonl': original.input,
      'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes'), answerLine('b', 'yes')),
    }
    return withWorkspace(before, async (workspace) => {
      const processOutput = () => writeFileSync(join(workspace.root, path), jsonl(errorLine('b')))
      const report = await reconcileWorkspace(workspace, { clock: impatientClock, processOutput })
      expect(reportOf(report, '1').problem?.code).toBe(code)
      expect(existsSync(workspace.layout.resultsFile('1'))).toBe(false)
    })
  })
})
