import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { noTokens, sumOfTokens, type TokenTotals } from '../../machines/index.js'
import { readProof } from '../../src/accounting/proof.js'
import {
  openWorkspace,
  reconcileWorkspace,
  workspaceStatus,
  workspaceUsage,
  type BatchWorkspace,
  type ReconcileWorkspaceOptions,
  type WorkspaceReport,
  type WorkspaceUsage,
} from '../../src/index.js'
import { generateWorkspace } from '../../src/testing/generate-workspace/generate-workspace.js'
import { readJournal } from '../../src/workspace/journal.js'
import type { BatchIndex } from '../../src/workspace/batch-index.js'
import { withDirectory, withWorkspace } from '../workspace/support.js'
import {
  answerLine,
  answeredTriple,
  errorLine,
  idsUpTo,
  jsonl,
  metadataText,
  requestLine,
  responseLine,
} from './lines.js'
import { reportOf } from './workspaces.js'

const totalsIn = ({ models, untold }: Pick<WorkspaceUsage, 'models' | 'untold'>): TokenTotals => ({
  ...models.map(({ tokens }) => tokens).reduce(sumOfTokens, noTokens),
  untold,
})

/** What reading all answers gives: the measure of what was noted on the way. */
const readTotals = async (workspace: BatchWorkspace): Promise<TokenTotals> =>
  totalsIn(await workspaceUsage(workspace))

const totalsOf = async (workspace: BatchWorkspace) => (await workspaceStatus(workspace)).tokens
const run = (workspace: BatchWorkspace, options: ReconcileWorkspaceOptions = {}): Promise<WorkspaceReport> =>
  reconcileWorkspace(workspace, options)
const tokens = (answers: number, untold = 0): TokenTotals => ({
  ...noTokens,
  input: 9 * answers,
  output: 3 * answers,
  untold,
})

describe('the tokens of a triple', () => {
  test('are those of good answers and of bad ones, in its report, its proof and the status', () =>
    withWorkspace(
      {
        'workdir/batch_input_4.jsonl': jsonl(...['a', 'b', 'c', 'd', 'e'].map((id) => requestLine(id))),
        'workdir/batch_output_4.jsonl': jsonl(
          answerLine('a', 'A'),
          answerLine('b', 'B'),
          answerLine('c', 'cut', { finishReason: 'length' }),
          responseLine('e', 200, { model: 'gpt-4o-mini-2024-07-18', choices: [], object: 'chat.completion' }),
        ),
        'workdir/batch_error_4.jsonl': jsonl(errorLine('d')),
      },
      async (workspace) => {
        const report = await run(workspace)
        expect(reportOf(report, '4').tokens).toEqual(tokens(3, 1))
        const proof = await readProof(workspace.fileSystem, workspace.layout.accountingFile('4'))
        expect(proof?.usage).toEqual({
          models: [{ model: 'gpt-4o-mini-2024-07-18', answers: 3, ...noTokens, input: 27, output: 9 }],
          untold: 1,
        })
        expect(await totalsOf(workspace)).toEqual({ totals: await readTotals(workspace), uncounted: 0 })
      },
    ))

  test('count an answer once that stands twice, and one more that was paid for beside it', () =>
    withWorkspace(
      {
        'workdir/batch_input_4.jsonl': jsonl(...['a', 'b'].map((id) => requestLine(id))),
        'workdir/batch_output_4.jsonl': jsonl(
          answerLine('a', 'A'),
          answerLine('a', 'A'),
          answerLine('b', 'B'),
          answerLine('b', 'B').replace('chatcmpl-b', 'chatcmpl-again'),
        ),
      },
      async (workspace) => {
        expect(reportOf(await run(workspace), '4').tokens).toEqual(tokens(3))
        expect((await totalsOf(workspace)).totals).toEqual(await readTotals(workspace))
      },
    ))

  test('have those of a download in them that was replaced', () =>
    withWorkspace(
      {
        ...answeredTriple('4', idsUpTo(3)),
        'workdir/batch_metadata_4.jsonl': metadataText({ superseded: true, remote_status: 'completed' }),
        'failed-items/batch_superseded_output_4_0123456789ab.jsonl': jsonl(
          answerLine('row-1', 'row-1'),
          answerLine('gone', 'paid for, and not in the file that came later'),
        ),
        'failed-items/batch_superseded_output_5_0123456789ab.jsonl': jsonl(answerLine('other', 'of another')),
      },
      async (workspace) => {
        expect(reportOf(await run(workspace), '4').tokens).toEqual(tokens(4))
      },
    ))

  test('are the same for every kind of triple as reading all answers gives', () =>
    withDirectory(async (directory) => {
      await generateWorkspace(directory)
      const workspace = await openWorkspace(directory)
      const { triples } = await run(workspace)
      const { lineages } = await workspaceUsage(workspace)
      const counted = triples.filter(({ tokens: found }) => found !== null)
      expect(counted.length).toBeGreaterThan(10)
      for (const { index, tokens: found } of counted) {
        const read = lineages.find(({ rootIndex }) => rootIndex === index)
        expect(read?.triples).toBe(1)
        expect([index, found]).toEqual([index, totalsIn(read ?? { models: [], untold: 0 })])
      }
    }))
})

describe('a triple that is counted', () => {
  test('notes it in its journal', () =>
    withWorkspace(answeredTriple('4', idsUpTo(3)), async (workspace) => {
      await run(workspace)
      const { entries } = await readJournal(workspace, '4' as BatchIndex)
      expect(entries.at(-1)?.facts?.['tokens']).toEqual(tokens(3))
      expect(entries[0]?.facts).not.toHaveProperty('tokens')
    }))
})

describe('the tokens of a workspace', () => {
  const files = { ...answeredTriple('4', idsUpTo(3)), ...answeredTriple('5', idsUpTo(2, 'other-')) }

  test('are known without the log, from proofs; with a torn one too, and the last line of a triple counts', () =>
    withWorkspace(files, async (workspace) => {
      await run(workspace)
      const expected = { totals: tokens(5), uncounted: 0 }
      expect(await totalsOf(workspace)).toEqual(expected)
      const path = workspace.layout.tokenLogFile
      const text = readFileSync(path, 'utf8')
      expect(text.split('\n').filter((line) => line !== '')).toHaveLength(2)
      for (const standing of [
        text.slice(0, -20),
        `{"index":"4","input":999}\n${text}`,
        '',
        'no JSON\n\0\0',
      ]) {
        writeFileSync(path, standing)
        expect(await totalsOf(workspace)).toEqual(expected)
      }
      const [line = ''] = text.split('\n')
      writeFileSync(path, `${line.replace('"input":', '"input":9')}\n${text}`)
      expect(await totalsOf(workspace)).toEqual(expected)
      rmSync(path)
      expect(await totalsOf(workspace)).toEqual(expected)
    }))

  test('say of how many finished triples nobody noted them', () =>
    withWorkspace(files, async (workspace) => {
      await run(workspace)
      rmSync(workspace.layout.tokenLogFile)
      const path = workspace.layout.accountingFile('4')
      const { usage: _, ...older } = JSON.parse(readFileSync(path, 'utf8'))
      writeFileSync(path, JSON.stringify(older))
      rmSync(workspace.layout.accountingFile('5'))
      expect(await totalsOf(workspace)).toEqual({ totals: null, uncounted: 2 })
    }))
})
