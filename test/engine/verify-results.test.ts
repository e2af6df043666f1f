import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { reconcileWorkspace, verifyWorkspace, type BatchWorkspace } from '../../src/index.js'
import { withWorkspace } from '../workspace/support.js'
import { answeredTriple } from './lines.js'

const edited = (workspace: BatchWorkspace, edit: (text: string) => string): void => {
  const path = workspace.layout.resultsFile('1')
  writeFileSync(path, edit(readFileSync(path, 'utf8')))
}

async function afterRun(use: (workspace: BatchWorkspace) => void): Promise<readonly string[]> {
  return withWorkspace(answeredTriple('1', ['a', 'b', 'c']), async (workspace) => {
    await reconcileWorkspace(workspace)
    use(workspace)
    const [proof] = await verifyWorkspace(workspace)
    expect(proof?.isProven).toBe(proof?.problems.length === 0)
    return (proof?.problems ?? []).map(({ code, message }) => `${code} ${message}`)
  })
}

describe('verify looks at the results of a finished triple', () => {
  test('and is content with what a run wrote', async () => {
    expect(await afterRun(() => {})).toEqual([])
  })

  test('and with results that somebody took away', async () => {
    expect(await afterRun(({ layout }) => rmSync(layout.resultsFile('1')))).toEqual([])
  })

  test.each([
    ['a folder stands in their place', mkdirSync, /^NotARegularFile .*batch_results_1\.jsonl/],
    [
      'a link to itself stands in their place',
      (path: string) => symlinkSync(path, path),
      /^NotARegularFile .*batch_results_1\.jsonl/,
    ],
  ])('and says that %s, with the way on from there', async (_, putThere, says) => {
    await withWorkspace(answeredTriple('1', ['a']), async (workspace) => {
      await reconcileWorkspace(workspace)
      const path = workspace.layout.resultsFile('1')
      rmSync(path)
      putThere(path)
      const [problem, ...others] = (await verifyWorkspace(workspace)).flatMap(({ problems }) => problems)
      expect(others).toEqual([])
      expect(`${problem?.code} ${problem?.message}`).toMatch(says)
      expect(problem?.hint).toMatch(/ or move the link away\.|^Move the directory away; /)
    })
  })

  test.each([
    [
      'a row is gone',
      (text: string) => text.slice(text.indexOf('\n') + 1),
      /ProofMismatch .* has 2 rows for 3/,
    ],
    [
      'a row stands twice',
      (text: string) => text + text.slice(0, text.indexOf('\n') + 1),
      /has 4 rows for 3/,
    ],
    ['the end is cut', (text: string) => text.slice(0, -20), /ReconciliationFailed .*batch_results_1\.jsonl/],
    ['a row is no row', (text: string) => text.replace('{', '['), /ReconciliationFailed/],
  ])('and says that %s', async (_, edit, says) => {
    const problems = await afterRun((workspace) => edited(workspace, edit))
    expect(problems).toEqual([expect.stringMatching(says)])
  })
})
