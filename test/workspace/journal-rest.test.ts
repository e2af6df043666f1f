import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readJournalEnd } from '../../src/workspace/journal-end.js'
import { largestJournalBytes, openJournal, readJournal } from '../../src/workspace/journal.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { withWorkspace } from './support.js'

const minuteMs = 60_000
const waiting = 'awaiting-online-files.waiting'
const checking = 'awaiting-online-files.checking'

/** A journal as one process keeps it, at times told in minutes. */
function processOn(workspace: BatchWorkspace) {
  let nowMs = 0
  const clock = { now: () => nowMs, setTimeout: () => 0, clearTimeout: () => {} }
  const journal = openJournal(workspace, '7', { clock })
  return async (minute: number, to: string, facts: Readonly<Record<string, unknown>> = {}) => {
    nowMs = minute * minuteMs
    if (to === waiting) journal.append({ from: waiting, event: 'poll.due', to: checking })
    journal.append({ from: checking, event: 'told', to, facts: { batchId: 'batch_1', ...facts } }, true)
    await journal.flush()
  }
}

async function sinceMinutes(workspace: BatchWorkspace): Promise<number> {
  const { entries } = await readJournal(workspace, '7')
  return Date.parse(entries.at(-1)?.since ?? '') / minuteMs
}

const failed = { problem: { code: 'NetworkError', message: 'cut' } }

describe('since when a triple rests', () => {
  test('is the first of many polls that changed nothing', () =>
    withWorkspace({}, async (workspace) => {
      const note = processOn(workspace)
      for (const minute of [10, 11, 12, 13]) await note(minute, waiting)
      expect(await sinceMinutes(workspace)).toBe(10)
    }))

  test('is known to the next process', () =>
    withWorkspace({}, async (workspace) => {
      await processOn(workspace)(10, waiting)
      await processOn(workspace)(99, waiting)
      expect(await sinceMinutes(workspace)).toBe(10)
    }))

  test('survives that the journal begins anew, in one process and over to the next', () =>
    withWorkspace({}, async (workspace) => {
      const note = processOn(workspace)
      await note(10, waiting)
      await note(11, waiting, { filling: 'x'.repeat(largestJournalBytes) })
      await note(12, waiting)
      expect(readFileSync(workspace.layout.journalFile('7'), 'utf8').split('\n')).toHaveLength(3)
      expect(await sinceMinutes(workspace)).toBe(10)
      await note(13, waiting, { filling: 'x'.repeat(largestJournalBytes - 1_000) })
      for (let minute = 14; minute < 20; minute++) await note(minute, waiting)
      await processOn(workspace)(99, waiting)
      expect(await sinceMinutes(workspace)).toBe(10)
    }))

  test('is one wait for room, whatever the words of the refusals and however many batches were tried between', () =>
    withWorkspace({}, async (workspace) => {
      const note = processOn(workspace)
      const room = 'submitting.waiting-for-room'
      await note(10, room, failed)
      await note(11, waiting, { batchId: 'batch_2' })
      await note(12, room, { batchId: null, problem: { code: 'RateLimited', message: 'Full.' } })
      expect(await sinceMinutes(workspace)).toBe(10)
      await note(13, waiting, { batchId: 'batch_3' })
      expect(await sinceMinutes(workspace)).toBe(13)
    }))

  test('goes on over a server that was out of reach for a while: the batch is the same', () =>
    withWorkspace({}, async (workspace) => {
      const note = processOn(workspace)
      await note(10, waiting)
      await note(11, 'failed', failed)
      await note(12, waiting)
      expect(await sinceMinutes(workspace)).toBe(10)
      await processOn(workspace)(13, 'failed', failed)
      await processOn(workspace)(14, waiting, failed)
      expect(await sinceMinutes(workspace)).toBe(10)
    }))

  test.each([
    ['another batch', waiting, { batchId: 'batch_2' }],
    ['another state', 'missing-input', {}],
    ['another problem', 'failed', { problem: { code: 'BatchFailed', message: 'refused' } }],
  ])('begins again with %s', (_, to, facts) =>
    withWorkspace({}, async (workspace) => {
      const note = processOn(workspace)
      await note(10, waiting)
      await note(11, 'failed', failed)
      await note(20, to, facts)
      expect(await sinceMinutes(workspace)).toBe(20)
    }),
  )

  test.each(['soon', '', `2026-01-01 (${'x'.repeat(100_000)})`, '+275760-09-14T00:00:00Z'])(
    'is never taken on from what is no time: %.20s',
    (since) =>
      withWorkspace({}, async (workspace) => {
        const facts = { batchId: 'batch_1' }
        const line = JSON.stringify({ at: 'x', from: checking, event: 'told', to: waiting, since, facts })
        writeFileSync(workspace.layout.journalFile('7'), `${line}\n`)
        await processOn(workspace)(30, waiting)
        expect(await sinceMinutes(workspace)).toBe(30)
      }),
  )

  test('is noted also where the older journal cannot be read', () =>
    withWorkspace({}, async (workspace) => {
      mkdirSync(workspace.layout.olderJournalFile('7'))
      await processOn(workspace)(10, waiting)
      expect(await sinceMinutes(workspace)).toBe(10)
    }))

  test('survives a torn end and bytes that are no text', () =>
    withWorkspace({}, async (workspace) => {
      await processOn(workspace)(10, waiting)
      const torn = Buffer.concat([
        readFileSync(workspace.layout.journalFile('7')),
        Buffer.from([0xff, 0x00, 0xfe, 0x0a]),
        Buffer.from('{"at":"2026'),
      ])
      writeFileSync(workspace.layout.journalFile('7'), torn)
      await processOn(workspace)(11, waiting)
      expect(await sinceMinutes(workspace)).toBe(10)
      expect((await readJournal(workspace, '7')).unreadableLines).toBe(2)
    }))
})

const never = (): boolean => false

const line = (from: string, filling = ''): string =>
  `${JSON.stringify({ at: 'x', from, event: 'b', to: 'c', facts: { filling } })}\n`

describe('the end of a journal', () => {
  test('has the newest entries also where the last line is long, or the journal has just begun', () =>
    withWorkspace({}, async (workspace) => {
      const note = processOn(workspace)
      await note(10, waiting, { filling: 'x'.repeat(100_000) })
      expect((await readJournalEnd(workspace, '7', never)).at(-1)?.to).toBe(waiting)
      await note(11, waiting, { filling: 'x'.repeat(largestJournalBytes) })
      const note2 = processOn(workspace)
      await note2(12, 'failed', failed)
      const entries = await readJournalEnd(workspace, '7', never)
      expect(entries.map(({ to }) => to)).toEqual(['failed'])
    }))

  test('of a file far larger than ours is read, not the whole', () =>
    withWorkspace({}, async (workspace) => {
      writeFileSync(workspace.layout.journalFile('7'), 'y'.repeat(20_000_000) + '\n' + line('a').repeat(50))
      expect((await readJournal(workspace, '7')).entries).toHaveLength(50)
      expect(await readJournalEnd(workspace, '7', never)).toHaveLength(32)
    }))

  test('goes back to the entry that is looked for, also where that is in the journal before', () =>
    withWorkspace({}, async ({ fileSystem, layout, root }) => {
      const workspace = { root, fileSystem, layout }
      const froms = async () =>
        (await readJournalEnd(workspace, '7', ({ from }) => from === 'wanted')).map(({ from }) => from)
      writeFileSync(layout.journalFile('7'), line('wanted') + line('wanted') + line('later'))
      expect(await froms()).toEqual(['wanted', 'later'])
      writeFileSync(layout.journalFile('7'), line('wanted') + line('long', 'x'.repeat(9_000)) + line('later'))
      expect(await froms()).toEqual(['wanted', 'long', 'later'])
      writeFileSync(layout.olderJournalFile('7'), line('old') + line('wanted') + line('older'))
      writeFileSync(layout.journalFile('7'), line('later'))
      expect(await froms()).toEqual(['wanted', 'older', 'later'])
    }))
})
