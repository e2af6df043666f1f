import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  reconcileWorkspace,
  removeWorkspaceLock,
  verifyWorkspace,
  type BatchWorkspace,
} from '../../src/index.js'
import { answerLine, errorLine, jsonl, requestLine, responseLine, unansweredLine } from '../engine/lines.js'
import { impatientClock, userFiles } from '../engine/workspaces.js'
import { CrashError, faultFileSystem, type FaultRule } from '../fakes/fault-file-system.js'
import { filesBelow, onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'

/** A success, a truncated answer, a row for a retry in either file, a failure for good. */
const mixed = {
  'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c', 'd', 'e'].map((id) => requestLine(id))),
  'workdir/batch_output_1.jsonl': jsonl(
    answerLine('a', 'yes'),
    answerLine('b', 'no', { finishReason: 'length' }),
    responseLine('c', 500, { error: { message: 'down', code: 'server_error' } }),
  ),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('d'), unansweredLine('e')),
}

/** More places than this are not all tried: every so many of them is. */
const mostCrashes = 400

const run = (workspace: BatchWorkspace): Promise<unknown> =>
  reconcileWorkspace(workspace, { clock: impatientClock })

/** The files that the end is judged by: all but the journals and the log of tokens: what a crash costs of them, nothing depends on. */
function finalTree({ root }: BatchWorkspace): Record<string, string> {
  const files = Object.entries(filesBelow(root)).filter(
    ([path]) => !/^logs\/batch_(journal_|tokens)/.test(path),
  )
  return Object.fromEntries(files)
}

interface Undisturbed {
  readonly tree: Readonly<Record<string, string>>
  /** Operations of the disk that the run asked for. */
  readonly operations: number
}

const undisturbed = (): Promise<Undisturbed> =>
  withWorkspace(mixed, async (workspace) => {
    const disk = faultFileSystem(unsyncedFileSystem)
    await run(onDisk(workspace, disk))
    return { tree: finalTree(workspace), operations: disk.log.length }
  })

/**
 * Runs into the rule, then as often as it takes without it (`runs`), and gives the tree at the end. At every moment a
 * person can look, each batch file stands somewhere with all of its bytes.
 */
function treeAfter(
  rule: FaultRule,
): Promise<{ readonly tree: Record<string, string>; readonly hasStruck: boolean }> {
  return withWorkspace(mixed, async (workspace) => {
    const before = userFiles(workspace)
    const disk = faultFileSystem(unsyncedFileSystem, [rule])
    await run(onDisk(workspace, disk)).catch((error: unknown) => {
      if (!(error instanceof CrashError) && !isProblem(error)) throw error
    })
    expect(userFiles(workspace), `after ${JSON.stringify(rule)}`).toMatchObject(before)
    await removeWorkspaceLock(workspace)
    await run(onDisk(workspace, unsyncedFileSystem))
    expect(userFiles(workspace)).toMatchObject(before)
    const proofs = await verifyWorkspace(workspace)
    expect(proofs).toMatchObject([{ index: '1', isProven: true }])
    return { tree: finalTree(workspace), hasStruck: disk.strikes() > 0 }
  })
}

const isProblem = (error: unknown): boolean => error instanceof Error && 'problem' in error

/** Every place of the run, or evenly spread ones when there are too many. */
function places(operations: number): number[] {
  const step = Math.max(1, Math.ceil(operations / mostCrashes))
  return Array.from({ length: Math.ceil(operations / step) }, (_, position) => position * step + 1)
}

const hashOf = (tree: Readonly<Record<string, string>>): string =>
  createHash('sha256').update(JSON.stringify(tree)).digest('hex')

/** Which files differ, for a message that helps. */
function expectSameTree(tree: Readonly<Record<string, string>>, wanted: Undisturbed, rule: FaultRule): void {
  if (hashOf(tree) === hashOf(wanted.tree)) return
  expect(tree, JSON.stringify(rule)).toEqual(wanted.tree)
}

describe('a run over outputs, errors and a retry', () => {
  test('undisturbed, leaves the triple in done/, its results, and one retry', async () => {
    const { tree, operations } = await undisturbed()
    const names = Object.keys(tree)
    expect(names.filter((name) => name.startsWith('done/'))).toEqual([
      'done/batch_error_1.jsonl',
      'done/batch_input_1.jsonl',
      'done/batch_metadata_1.jsonl',
      'done/batch_output_1.jsonl',
    ])
    expect(names.filter((name) => name.startsWith('workdir/batch_input_'))).toHaveLength(1)
    expect(names.filter((name) => name.startsWith('workdir/'))).toHaveLength(2)
    expect(names).toContain('target/batch_results_1.jsonl')
    expect(names.some((name) => name.endsWith('.tmp') || name.includes('.part'))).toBe(false)
    expect(operations).toBeGreaterThan(100)
  })

  test('that dies at any operation of the disk and is run again ends in the very same files', async () => {
    const wanted = await undisturbed()
    let struck = 0
    for (const nth of places(wanted.operations)) {
      const rule = { nth, error: 'crash' }
      const { tree, hasStruck } = await treeAfter(rule)
      if (hasStruck) struck += 1
      expectSameTree(tree, wanted, rule)
    }
    // Journals are written beside the steps, so the count of operations may vary by a few.
    expect(struck).toBeGreaterThan(places(wanted.operations).length * 0.9)
  })

  test('that dies in the middle of any write, half of it on disk, ends in the very same files', async () => {
    const wanted = await undisturbed()
    for (let nth = 1, hasStruck = true; hasStruck; nth += 1) {
      const rule = { operation: 'write', nth, error: 'crash', partialBytes: 30 } as const
      const after = await treeAfter(rule)
      hasStruck = after.hasStruck
      expectSameTree(after.tree, wanted, rule)
      expect(nth).toBeLessThan(500)
    }
  })

  test('that meets a full disk at any write and is run again ends in the very same files', async () => {
    const wanted = await undisturbed()
    for (let nth = 1, hasStruck = true; hasStruck; nth += 1) {
      const rule = { operation: 'write', nth, error: 'ENOSPC', partialBytes: 30 } as const
      const after = await treeAfter(rule)
      hasStruck = after.hasStruck
      expectSameTree(after.tree, wanted, rule)
      expect(nth).toBeLessThan(500)
    }
  })
})
