import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TripleDetail } from '../../../src/inspect/protocol.js'
import { journalSource } from '../../../src/inspect/sources/journal-source.js'
import { storyOf } from '../../../src/engine/triple-story.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { faultFileSystem } from '../../fakes/fault-file-system.js'
import { rejection, withDirectory } from '../../workspace/support.js'

const step = { at: '2026-01-01T00:00:00.000Z', from: 'a', event: 'b', to: 'c' }
const line = (parts: Readonly<Record<string, unknown>> = {}): string =>
  `${JSON.stringify({ ...step, ...parts })}\n`

/** A journal under a name, with that content. */
const withJournal = <T>(
  content: string | Uint8Array,
  use: (path: string) => Promise<T>,
  name = 'mail.jsonl',
) =>
  withDirectory(async (directory) => {
    writeFileSync(join(directory, name), content)
    return use(join(directory, name))
  })

const open = (content: string | Uint8Array, name?: string) =>
  withJournal(content, (path) => journalSource(path), name)

async function only(content: string, name?: string) {
  const source = await open(content, name)
  const [summary] = source.summaries()
  if (summary === undefined) throw new Error('There is no summary.')
  const detail = (await source.detail(summary.index, { withRowTexts: true })) as TripleDetail
  const replay = await source.replay(summary.index)
  return { source, summary, detail, replay }
}

describe('one journal', () => {
  test('is stepped through with what was known, repeated only where it changed', async () => {
    const facts = { index: '7', batchId: 'batch_1' }
    const { replay, summary } = await only(
      line({ facts }) + line({ facts }) + line({ facts: { index: '7' } }),
    )
    expect(replay?.steps.map((one) => one.facts)).toEqual([facts, null, { index: '7' }])
    expect(summary).toMatchObject({ index: '7', state: 'c', isAtWork: false })
  })

  test.each([
    ['batch_journal_12.jsonl', '12'],
    ['batch_journal_12.1.jsonl', '12'],
    ['mail.txt', 'mail.txt'],
  ])('without an index in its facts goes by its name: %s', async (name, index) => {
    expect((await only(line(), name)).summary.index).toBe(index)
  })

  test('looks nothing up on this disk by what is in it', () =>
    withJournal(
      line({ facts: { index: '../../../etc/passwd', input: { path: '/etc/passwd' } } }),
      async (path) => {
        const disk = faultFileSystem(nodeFileSystem)
        const source = await journalSource(path, disk)
        expect(await source.detail('../../../etc/passwd', { withRowTexts: true })).toMatchObject({
          files: [],
        })
        expect(await source.replay('../../../etc/passwd')).not.toBeNull()
        expect(await source.detail('7', { withRowTexts: true })).toBeNull()
        expect(new Set(disk.log.map((entry) => entry.path))).toEqual(new Set([path]))
        expect(source.command).toBeNull()
      },
    ))

  test('that was torn or edited shows the steps that are left, and counts the others', async () => {
    const { replay, detail } = await only(`\r\n${line()}{"at":"x\n\n\0\0\n[]\n"text"\n${line()}{"at"`)
    expect([replay?.steps.length, replay?.unreadableLines, detail.unreadableLines]).toEqual([2, 5, 5])
  })

  test('with names of half a million characters is told in short ones', async () => {
    const long = 'x'.repeat(500_000)
    const problem = { code: long, message: long, hint: long }
    const facts = { index: long, batchId: long, remoteStatus: long, rootIndex: long, attempt: 1e308, problem }
    const { summary, detail, replay } = await only(
      line({ at: long, from: long, event: long, to: long, facts }),
    )
    expect(JSON.stringify(summary).length).toBeLessThan(3_000)
    expect(JSON.stringify(detail).length).toBeLessThan(8_000)
    expect(JSON.stringify(replay).length).toBeLessThan(2_000)
    expect(summary.attempt).toBe(1)
  })

  test('with fields of wrong kinds is told all the same', async () => {
    const problem = { code: 'BatchFailed', message: 'm', hint: 5, needsPerson: 'yes', causeMessage: {} }
    const facts = { index: 7, batchId: [], remoteStatus: {}, rootIndex: null, attempt: 'two', problem }
    const { summary, detail } = await only(line({ facts, since: 'noon' }))
    expect(summary).toMatchObject({ batchId: null, remoteStatus: null, attempt: 1, stateSinceMs: null })
    expect(summary.problem).toEqual({ code: 'BatchFailed', message: 'm', hint: null, needsPerson: false })
    expect(detail.problem).toEqual({ code: 'BatchFailed', message: 'm' })
    expect(storyOf(summary, 0).what).toBe('in c')
  })

  test('changes no object of ours by the keys it uses', async () => {
    const text = `{"at":"x","from":"a","event":"b","to":"c","__proto__":{"polluted":1},"facts":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"index":"__proto__"}}\n`
    const { summary, replay } = await only(text)
    expect(summary.index).toBe('__proto__')
    expect(replay?.steps).toHaveLength(1)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('nested a hundred thousand deep is stepped through without those facts', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const text = `{"at":"x","from":"a","event":"b","to":"c","facts":{"deep":${deep}}}\n`
    const { replay } = await only(text + text + line({ facts: { index: '7' } }))
    expect(replay?.steps.map(({ facts }) => facts)).toEqual([null, null, { index: '7' }])
  })

  test('full of steps keeps the newest 20,000', async () => {
    const { replay, detail } = await only(line().repeat(30_000))
    expect([replay?.steps.length, replay?.omittedSteps]).toEqual([20_000, 10_000])
    expect([detail.steps.length, detail.omittedSteps]).toEqual([200, 29_800])
  })

  test.each<[string, string | Uint8Array, string]>([
    ['that is empty', '', 'no line of it is a step'],
    ['of bytes', new Uint8Array(1_000_000).fill(0xff), 'no line of it is a step'],
    ['of another program', '<html>\n{"a":1}\n', 'no line of it is a step'],
    ['that is huge', new Uint8Array(9_000_000), 'it has 9000000 bytes'],
  ])('%s is refused with the reason', async (_, content, reason) => {
    const error = await rejection(open(content))
    expect([error.code, error.message.includes(reason)]).toEqual(['WrongUsage', true])
  })

  test('that does not exist, or is a directory, is refused', () =>
    withDirectory(async (directory) => {
      mkdirSync(join(directory, 'folder'))
      expect((await rejection(journalSource(join(directory, 'folder')))).message).toContain('it is no file')
      expect((await rejection(journalSource(join(directory, 'none')))).message).toContain('it does not exist')
    }))
})
