import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ExportedInspection } from '../../src/inspect/protocol.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, rejection, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'
import { builtExport } from './built.js'
import { journalLine, putJournal, submittedTriple, waiting } from './sources/workspaces.js'

const { exportJournal, exportWorkspace } = await builtExport()
const clock = { now: () => Date.UTC(2026, 0, 3), setTimeout: () => 0, clearTimeout: () => {} }

function dataIn(path: string): ExportedInspection {
  const [, json = ''] = /<script type="application\/json" id="inspection">(.*?)<\/script>/s.exec(
    readFileSync(path, 'utf8'),
  ) as readonly string[]
  return JSON.parse(json) as ExportedInspection
}

const exported = async (workspace: BatchWorkspace): Promise<string> => {
  const path = join(workspace.root, 'report.html')
  await exportWorkspace(workspace, path, { clock })
  return path
}

const since = '2026-01-01T00:00:00.000Z'

describe('an exported page', () => {
  test('is one file that asks nobody for anything', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      putJournal(workspace, '7', journalLine(workspace, '7', { since }))
      const before = readdirSync(workspace.root)
      const path = await exported(workspace)
      expect(readdirSync(workspace.root).toSorted()).toEqual([...before, 'report.html'].toSorted())
      const html = readFileSync(path, 'utf8')
      expect(html).toContain('default-src &#39;none&#39;')
      expect(html).toContain('connect-src &#39;none&#39;')
      expect(html.match(/<(?:link|img|iframe|object|embed|base)\b|<script[^>]*\bsrc=/gi)).toBeNull()
      expect(html.match(/@import|url\(/g)).toBeNull()
      const { page, triples, details, replays } = dataIn(path)
      expect(page).toMatchObject({ mode: 'export', canCommand: false, isOver: true, nowMs: clock.now() })
      expect(triples.map(({ index, state }) => `${index} ${state}`)).toEqual([`7 ${waiting}`])
      expect([details['7']?.steps.length, replays['7']?.steps.length]).toEqual([1, 1])
    }))

  test('keeps hostile texts as texts', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const hostile = '</script><script>alert(1)</script><!--<script><img src=x onerror=alert(1)>\u2028'
      const problem = { code: 'BatchFailed', message: hostile, hint: hostile }
      putJournal(workspace, '7', journalLine(workspace, '7', { since, event: hostile }, { problem }))
      const path = await exported(workspace)
      expect(readFileSync(path, 'utf8')).not.toContain('alert(1)</script>')
      expect(dataIn(path).details['7']).toMatchObject({
        steps: [{ event: hostile }],
        problem: { message: hostile },
      })
    }))

  test('of a journal with a name of ours for objects shows that triple', () =>
    withWorkspace({}, async ({ root }) => {
      const journal = join(root, 'mail.jsonl')
      const facts = { index: '__proto__' }
      writeFileSync(journal, `${JSON.stringify({ at: since, from: 'a', event: 'b', to: 'c', facts })}\n`)
      await exportJournal(journal, join(root, 'report.html'), { clock })
      const { details, replays } = dataIn(join(root, 'report.html'))
      expect([Object.keys(details), Object.keys(replays)]).toEqual([['__proto__'], ['__proto__']])
    }))

  test('stays below 20 MB with 2,000 large details, those that are stuck among the first', () => {
    const indices = Array.from({ length: 2_000 }, (_, number) => `${number}`)
    const files = Object.assign({}, ...indices.map(submittedTriple)) as Record<string, string>
    return withWorkspace(files, async (workspace) => {
      const marks = '<'.repeat(150)
      for (const index of indices) {
        const lines = Array.from({ length: 25 }, () =>
          journalLine(workspace, index, { since: '2026-01-02T12:00:00.000Z', event: marks }),
        )
        putJournal(workspace, index, ...lines)
      }
      putJournal(workspace, '1999', journalLine(workspace, '1999', { to: 'failed', since }))
      const path = join(workspace.root, 'report.html')
      await exportWorkspace(onDisk(workspace, unsyncedFileSystem), path, { clock })
      expect(statSync(path).size).toBeLessThan(20_500_000)
      const { triples, details, replays } = dataIn(path)
      expect(triples).toHaveLength(2_000)
      expect(Object.keys(details).length).toBeLessThan(1_000)
      expect(replays['1999']?.steps).toHaveLength(1)
    })
  })

  test('replaces an earlier page, and never anything else', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const path = await exported(workspace)
      const before = readFileSync(path, 'utf8')
      expect(before.slice(0, 1_000)).toContain('<meta name="generator" content="batch-reconciler">')
      await exported(workspace)
      const others = [
        '',
        'my notes',
        `${'x'.repeat(1_000)}<meta name="generator" content="batch-reconciler">`,
      ]
      for (const text of others) {
        writeFileSync(path, text)
        const error = await rejection(exported(workspace))
        expect([error.code, error.message.includes(path)]).toEqual(['WrongUsage', true])
        expect(readFileSync(path, 'utf8')).toBe(text)
      }
      const input = workspace.layout.workdirFile('input', '7')
      await rejection(exportWorkspace(workspace, input, { clock }))
      expect(readFileSync(input, 'utf8')).toBe('{}\n')
    }))

  test('is not written where it cannot be, and says so before anything is read', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem)
      const target = onDisk(workspace, disk)
      mkdirSync(join(workspace.root, 'folder'))
      symlinkSync('/dev/null', join(workspace.root, 'device'))
      for (const name of ['folder', 'device', 'nowhere/report.html', 'workdir/batch_input_7.jsonl/x.html']) {
        const error = await rejection(exportWorkspace(target, join(workspace.root, name), { clock }))
        expect(error.code).toBe('WrongUsage')
      }
      expect(disk.log.filter(({ operation }) => operation === 'list')).toEqual([])
    }))

  test('that the disk has no room for leaves nothing behind', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem, [
        { operation: 'write', error: 'ENOSPC', partialBytes: 10 },
      ])
      const path = join(workspace.root, 'report.html')
      const error = await rejection(exportWorkspace(onDisk(workspace, disk), path, { clock }))
      expect(error.code).toBe('DiskFull')
      expect(readdirSync(workspace.root).filter((name) => name.includes('report'))).toEqual([])
    }))
})
