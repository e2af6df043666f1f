import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/workspace/file-system.js'
import { largestJournalBytes, openJournal, readJournal } from '../../src/workspace/journal.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, withWorkspace } from './support.js'

const clock = { now: () => 0, setTimeout: () => 0, clearTimeout: () => {} }
const step = { from: 'deciding', event: 'course.chosen', to: 'checking-ids' }

/** Starts `act` as soon as the first file was closed. */
function afterFirstClose(act: () => Promise<void>): FileSystem {
  let hasClosed = false
  return {
    ...nodeFileSystem,
    async open(path, mode) {
      const file = await nodeFileSystem.open(path, mode)
      const close = async (): Promise<void> => {
        await file.close()
        if (!hasClosed) void act()
        hasClosed = true
      }
      return { ...file, close }
    },
  }
}

describe('the journal of a triple', () => {
  test('keeps each transition as one line, in order', () =>
    withWorkspace({}, async (workspace) => {
      const journal = openJournal(workspace, '7', { clock })
      journal.append(step)
      journal.append({ ...step, facts: { missing: 2 } })
      await journal.flush()
      expect(readFileSync(workspace.layout.journalFile('7'), 'utf8').split('\n')).toEqual([
        '{"at":"1970-01-01T00:00:00.000Z","from":"deciding","event":"course.chosen","to":"checking-ids"}',
        '{"at":"1970-01-01T00:00:00.000Z","from":"deciding","event":"course.chosen","to":"checking-ids","facts":{"missing":2}}',
        '',
      ])
      expect(await readJournal(workspace, '7')).toEqual({
        entries: [
          { at: '1970-01-01T00:00:00.000Z', ...step },
          { at: '1970-01-01T00:00:00.000Z', ...step, facts: { missing: 2 } },
        ],
        unreadableLines: 0,
      })
    }))

  test('is empty where there is none', () =>
    withWorkspace({}, async (workspace) => {
      expect(await readJournal(workspace, '7')).toEqual({ entries: [], unreadableLines: 0 })
    }))

  test('writes what happens in one turn at once and loses nothing that is noted meanwhile', () =>
    withWorkspace({}, async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem)
      const journal = openJournal(onDisk(workspace, disk), '7', { clock })
      for (let position = 0; position < 100; position++) journal.append(step)
      const flushed = journal.flush()
      setImmediate(() => journal.append(step))
      await flushed
      await new Promise(setImmediate)
      await journal.flush()
      expect((await readJournal(workspace, '7')).entries).toHaveLength(101)
      expect(disk.log.filter(({ operation }) => operation === 'write').length).toBeLessThanOrEqual(2)
      expect(disk.log.filter(({ operation }) => operation === 'sync')).toEqual([])
    }))

  test('gathers what happens within a second, and writes it then although nobody asks', () =>
    withWorkspace({}, async (workspace) => {
      const timers: { readonly callback: () => void; readonly delayMs: number }[] = []
      const setTimer = (callback: () => void, delayMs: number) => timers.push({ callback, delayMs })
      const journal = openJournal(workspace, '7', { clock: { ...clock, setTimeout: setTimer } })
      journal.append(step)
      await new Promise(setImmediate)
      journal.append(step)
      expect((await readJournal(workspace, '7')).entries).toEqual([])
      expect(timers.map(({ delayMs }) => delayMs)).toEqual([1_000])
      timers[0]?.callback()
      await journal.flush()
      expect((await readJournal(workspace, '7')).entries).toHaveLength(2)
    }))

  test('forgets nothing that is noted at any point around the end of a write', async () => {
    await withWorkspace({}, async (workspace) => {
      for (let steps = 0; steps < 30; steps++) {
        const index = `${steps}`
        const disk = afterFirstClose(async () => {
          for (let taken = 0; taken < steps; taken++) await Promise.resolve()
          journal.append(step)
        })
        const journal = openJournal(onDisk(workspace, disk), index, { clock })
        journal.append(step)
        await journal.flush()
        await new Promise(setImmediate)
        await journal.flush()
        expect((await readJournal(workspace, index)).entries).toHaveLength(2)
      }
    })
  })

  test('goes on after a torn line without losing the next one', () =>
    withWorkspace(
      { 'logs/batch_journal_7.jsonl': '{"at":"x","from":"a","event":"b","to":"c"}\n{"at":"y","fr' },
      async (workspace) => {
        const journal = openJournal(workspace, '7', { clock })
        journal.append(step)
        await journal.flush()
        const { entries, unreadableLines } = await readJournal(workspace, '7')
        expect(entries.map(({ from }) => from)).toEqual(['a', 'deciding'])
        expect(unreadableLines).toBe(1)
        appendFileSync(workspace.layout.journalFile('7'), '[]\nnull\n{"at":1,"from":"","event":"","to":""}\n')
        expect((await readJournal(workspace, '7')).unreadableLines).toBe(4)
      },
    ))

  test('begins anew above its limit and keeps one older generation', () =>
    withWorkspace({}, async (workspace) => {
      const journal = openJournal(workspace, '7', { clock })
      const facts = { text: 'x'.repeat(largestJournalBytes / 4) }
      for (let position = 0; position < 10; position++) {
        journal.append({ ...step, to: `${position}`, facts })
        await journal.flush()
      }
      const { entries } = await readJournal(workspace, '7')
      expect(entries.map(({ to }) => to)).toEqual(['4', '5', '6', '7', '8', '9'])
      expect(statSync(workspace.layout.journalFile('7')).size).toBeLessThan(largestJournalBytes)
    }))

  test('makes the logs directory where it is missing', () =>
    withWorkspace({}, async (workspace) => {
      rmSync(workspace.layout.logs, { recursive: true })
      const journal = openJournal(workspace, '7', { clock })
      journal.append(step)
      await journal.flush()
      expect((await readJournal(workspace, '7')).entries).toHaveLength(1)
    }))

  test('never stops anybody when it cannot be written, and says so once', () =>
    withWorkspace({}, async (workspace) => {
      mkdirSync(workspace.layout.journalFile('7'))
      const errors: unknown[] = []
      const journal = openJournal(workspace, '7', { clock, onError: (error) => errors.push(error) })
      for (let position = 0; position < 3; position++) {
        journal.append(step)
        await journal.flush()
      }
      expect(errors).toMatchObject([{ code: 'NotARegularFile', index: '7' }])
    }))

  test('goes on when the disk has room again', () =>
    withWorkspace({}, async (workspace) => {
      const rules = [{ operation: 'write', nth: 1, error: 'ENOSPC', partialBytes: 10 }] as const
      const errors: unknown[] = []
      const onError = (error: unknown): void => void errors.push(error)
      const journal = openJournal(onDisk(workspace, faultFileSystem(nodeFileSystem, rules)), '7', {
        clock,
        onError,
      })
      for (const to of ['lost', 'kept']) {
        journal.append({ ...step, to })
        await journal.flush()
      }
      expect((await readJournal(workspace, '7')).entries.map(({ to }) => to)).toEqual(['kept'])
      expect(errors).toMatchObject([{ code: 'DiskFull' }])
    }))
})
