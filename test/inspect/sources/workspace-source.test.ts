import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import { workspaceSource } from '../../../src/inspect/sources/workspace-source.js'
import { storyOf } from '../../../src/engine/triple-story.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import { takeWorkerSeat } from '../../../src/workspace/workers/worker-seat.js'
import { faultFileSystem } from '../../fakes/fault-file-system.js'
import { onDisk, putFiles, withWorkspace } from '../../workspace/support.js'
import {
  checking,
  handClock,
  journalLine,
  metadataText,
  putJournal,
  submittedTriple,
  waiting,
} from './workspaces.js'

async function listening(workspace: BatchWorkspace) {
  const hand = handClock()
  const source = await workspaceSource(workspace, { clock: hand.clock })
  onTestFinished(() => source.close())
  let told: (string | null)[] = []
  const unsubscribe = source.subscribe((index) => told.push(index))
  const look = async () => {
    told = []
    await hand.pass()
    return told
  }
  return { source, hand, look, unsubscribe }
}

function lock({ layout }: BatchWorkspace, pid: number): void {
  const holder = { host: hostname(), pid, process_start: null, token: 'a'.repeat(32), acquired_at_ms: 0 }
  writeFileSync(layout.lockFile, JSON.stringify(holder))
}

describe('a workspace on disk', () => {
  test('tells the whole sentence of a stuck batch', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const metadata = metadataText({ remote_status: 'finalizing' })
      writeFileSync(workspace.layout.workdirFile('metadata', '7'), metadata)
      const times = { at: '2026-01-02T23:57:00.000Z', since: '2026-01-01T22:00:00.000Z' }
      putJournal(workspace, '7', journalLine(workspace, '7', times))
      const { source } = await listening(workspace)
      const [summary] = source.summaries()
      expect(summary && storyOf(summary, Date.UTC(2026, 0, 3))).toMatchObject({
        stuck: 'overdue',
        what: 'in awaiting-online-files.waiting for 26 h, last poll 3 min ago, server says finalizing',
      })
    }))

  test('lists done triples without looking at any file of theirs', () =>
    withWorkspace(
      { 'done/batch_input_10.jsonl': 'x', 'done/batch_output_9.jsonl': 'x' },
      async (workspace) => {
        const disk = faultFileSystem(nodeFileSystem)
        const { source, look } = await listening(onDisk(workspace, disk))
        await look()
        expect(source.summaries().map(({ index, state }) => `${index} ${state}`)).toEqual([
          '9 done',
          '10 done',
        ])
        expect(disk.log.filter(({ path }) => /batch_/.test(path))).toEqual([])
      },
    ))

  test('notices what is new, changed, finished and removed, and reads only that again', () =>
    withWorkspace(
      { ...submittedTriple('1'), ...submittedTriple('2'), ...submittedTriple('3'), ...submittedTriple('4') },
      async (workspace) => {
        const disk = faultFileSystem(nodeFileSystem)
        const { source, look } = await listening(onDisk(workspace, disk))
        const { layout } = workspace
        expect(await look()).toEqual([])
        renameSync(layout.workdirFile('metadata', '1'), layout.doneFile('metadata', '1'))
        renameSync(layout.workdirFile('input', '1'), layout.doneFile('input', '1'))
        writeFileSync(layout.workdirFile('metadata', '2'), 'no metadata at all')
        for (const kind of ['input', 'metadata'] as const) rmSync(layout.workdirFile(kind, '3'))
        putFiles(workspace.root, submittedTriple('0'))
        const before = disk.log.length
        expect((await look()).toSorted()).toEqual(['0', '1', '2', '3'])
        const opened = disk.log.slice(before).filter(({ operation }) => operation === 'open')
        expect(opened.map(({ path }) => path).filter((path) => path.includes('_4.'))).toEqual([])
        expect(source.summaries().map(({ index, problem }) => `${index} ${problem?.code}`)).toEqual([
          '0 undefined',
          '1 undefined',
          '2 BatchMetadataUnreadable',
          '4 undefined',
        ])
        expect(source.summary('1')?.state).toBe('done')
        expect(source.summary('3')).toBeNull()
        expect(await look()).toEqual([])
      },
    ))

  test('notices a journal that is written long before the next look', () =>
    withWorkspace(
      { ...submittedTriple('7'), 'done/batch_input_8.jsonl': 'x', 'logs/keep': '' },
      async (workspace) => {
        const source = await workspaceSource(workspace, { refreshMs: 3_600_000 })
        onTestFinished(() => source.close())
        const told: (string | null)[] = []
        source.subscribe((index) => told.push(index))
        // The watch begins with the first look; what is written before that is seen at the next one.
        await expect
          .poll(() => {
            putJournal(workspace, '7', journalLine(workspace, '7', { since: '2026-01-01T00:00:00.000Z' }))
            return told
          })
          .toContain('7')
        expect(source.summary('7')?.state).toBe(waiting)
        putJournal(workspace, '8', journalLine(workspace, '8', { to: 'done' }))
        for (const kind of ['input', 'metadata'] as const) {
          renameSync(workspace.layout.workdirFile(kind, '7'), workspace.layout.doneFile(kind, '7'))
        }
        appendFileSync(workspace.layout.journalFile('7'), journalLine(workspace, '7', { to: 'done' }))
        await expect.poll(() => source.summary('7')?.state).toBe('done')
      },
    ))

  test('notices each step that a run adds to a journal', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const { source, look } = await listening(workspace)
      putJournal(workspace, '7', journalLine(workspace, '7', { since: '2026-01-01T00:00:00.000Z' }))
      expect(await look()).toEqual(['7'])
      expect(source.summary('7')?.state).toBe(waiting)
      appendFileSync(workspace.layout.journalFile('7'), journalLine(workspace, '7', { to: checking }))
      expect(await look()).toEqual(['7'])
      expect(source.summary('7')?.state).toBe(checking)
    }))

  test('calls a run that was cut off interrupted, but not while its process lives', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      putJournal(workspace, '7', journalLine(workspace, '7', { to: checking }))
      lock(workspace, process.pid)
      const { source, look } = await listening(workspace)
      const stuck = () => source.summaries().map((one) => storyOf(one, Date.UTC(2026, 0, 3)).stuck)
      expect(stuck()).toEqual([null])
      lock(workspace, spawnSync(process.execPath, ['--version']).pid)
      expect(await look()).toEqual(['7'])
      expect(stuck()).toEqual(['interrupted'])
      lock(workspace, process.pid)
      expect(await look()).toEqual(['7'])
      expect(stuck()).toEqual([null])
      rmSync(workspace.layout.lockFile)
      expect(await look()).toEqual(['7'])
      expect(stuck()).toEqual(['interrupted'])
    }))

  test('says which of several workers has a triple, while it has it', () =>
    withWorkspace({ ...submittedTriple('7'), ...submittedTriple('8') }, async (workspace) => {
      const { source, look } = await listening(workspace)
      const seat = await takeWorkerSeat(workspace)
      onTestFinished(() => seat.leave())
      expect(await look()).toEqual(['7', '8'])
      const answer = await seat.take('7')
      if (answer.type === 'held') throw new Error('Nobody else can have it.')
      expect(await look()).toEqual(['7'])
      const { lease } = answer
      const worker = { host: hostname(), pid: process.pid, sinceMs: lease.number }
      const workers = () => source.summaries().map((one) => [one.index, one.worker])
      expect(workers()).toEqual([
        ['7', worker],
        ['8', null],
      ])
      putJournal(workspace, '7', journalLine(workspace, '7', { to: checking }))
      expect(await look()).toEqual(['7'])
      expect(source.summary('7')).toMatchObject({ state: checking, worker })
      await lease.release()
      expect(await look()).toEqual(['7'])
      expect(workers()).toEqual([
        ['7', null],
        ['8', null],
      ])
      expect(await look()).toEqual([])
    }))

  test('tells later what it found before the disk failed in the middle of a look', () =>
    withWorkspace(submittedTriple('1'), async (workspace) => {
      let isBroken = false
      const fileSystem = {
        ...nodeFileSystem,
        list: async (path: string) => {
          if (isBroken && path === workspace.layout.done && (lists += 1) === 2) throw new Error('gone')
          return nodeFileSystem.list(path)
        },
      }
      let lists = 0
      const { source, look } = await listening(onDisk(workspace, fileSystem))
      putFiles(workspace.root, submittedTriple('2'))
      isBroken = true
      expect(await look()).toEqual(['2'])
      expect(source.summaries().map(({ index }) => index)).toEqual(['1', '2'])
    }))

  test('looks at the disk only while somebody listens', () =>
    withWorkspace({}, async (workspace) => {
      const hand = handClock()
      const source = await workspaceSource(workspace, { clock: hand.clock, refreshMs: 500 })
      expect(hand.isWaiting()).toBe(false)
      const unsubscribe = source.subscribe(() => {})
      expect(hand.delayMs()).toBe(0)
      await hand.pass()
      expect(hand.delayMs()).toBe(500)
      unsubscribe()
      expect(hand.isWaiting()).toBe(false)
      source.subscribe(() => {})
      expect(hand.isWaiting()).toBe(true)
      source.close()
      expect(hand.isWaiting()).toBe(false)
    }))

  test('never makes a path of what is no index', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem)
      const { source } = await listening(onDisk(workspace, disk))
      const before = disk.log.length
      for (const text of [
        '../../etc/passwd',
        '',
        '__proto__',
        '7/../8',
        '07',
        '7\0',
        'x'.repeat(1_000_000),
      ]) {
        expect(await source.detail(text, { withRowTexts: true })).toBeNull()
        expect(await source.replay(text)).toBeNull()
        expect(source.summary(text)).toBeNull()
      }
      expect(disk.log.length).toBe(before)
      expect(await source.detail('8', { withRowTexts: false })).toBeNull()
      expect(await source.replay('8')).toBeNull()
    }))

  test('shows a triple that came since the last look to whoever asks for it', () =>
    withWorkspace({}, async (workspace) => {
      const { source } = await listening(workspace)
      putFiles(workspace.root, { ...submittedTriple('8'), 'done/batch_input_9.jsonl': '{}\n' })
      expect((await source.detail('8', { withRowTexts: false }))?.summary.batchId).toBe('batch_1')
      expect((await source.detail('9', { withRowTexts: false }))?.summary.state).toBe('done')
    }))

  test('lists triples whose journal, proof or metadata is a directory or a pipe', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const { layout } = workspace
      mkdirSync(layout.journalFile('7'))
      spawnSync('mkfifo', [layout.olderJournalFile('7'), layout.accountingFile('7')])
      spawnSync('mkfifo', [layout.expansionErrorLogFile('7')])
      const { source } = await listening(workspace)
      expect(source.summaries().map(({ index }) => index)).toEqual(['7'])
      expect(await source.detail('7', { withRowTexts: true })).toMatchObject({ steps: [], errorGroups: [] })
      expect(await source.replay('7')).toMatchObject({ steps: [] })
    }))
})
