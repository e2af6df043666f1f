import { describe, expect, test } from 'vitest'
import { workspaceUsage } from '../../src/index.js'
import { withWorkspace } from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  jsonl,
  metadataText,
  requestLine,
  responseLine,
  unansweredLine,
} from './lines.js'

const model = 'gpt-4o-mini-2024-07-18'
/** Each answer of `answerLine` names nine tokens of input and three of output. */
const tokens = (answers: number) => ({ input: 9 * answers, cached: 0, output: 3 * answers, reasoning: 0 })
const input = (...ids: readonly string[]) => jsonl(...ids.map((id) => requestLine(id)))

describe('the tokens of a workspace', () => {
  test('are those of every answer of every attempt, finished or not, by lineage and model', () =>
    withWorkspace(
      {
        'done/batch_input_4.jsonl': input('a', 'b', 'c'),
        'done/batch_output_4.jsonl': jsonl(
          answerLine('a', 'A'),
          answerLine('b', 'B', { finishReason: 'length' }),
        ),
        'done/batch_error_4.jsonl': jsonl(errorLine('c', 429, 'rate_limit_exceeded')),
        'done/batch_metadata_4.jsonl': metadataText({ endpoint: '/v1/chat/completions' }),
        'workdir/batch_input_5.jsonl': input('c'),
        'workdir/batch_output_5.jsonl': jsonl(answerLine('c', 'C')),
        'workdir/batch_metadata_5.jsonl': metadataText({ root_index: '4', endpoint: '/v1/chat/completions' }),
        'workdir/batch_input_6.jsonl': input('d', 'e'),
        'workdir/batch_output_6.jsonl': jsonl(
          responseLine('d', 200, {
            object: 'list',
            model: 'embed',
            data: [],
            usage: { prompt_tokens: 5, total_tokens: 5 },
          }),
        ),
        'workdir/batch_error_6.jsonl': jsonl(unansweredLine('e')),
      },
      async (workspace) => {
        const found = await workspaceUsage(workspace)
        const endpoint = '/v1/chat/completions'
        const chat = { model, endpoint, answers: 3, tokens: tokens(3) }
        const embed = {
          model: 'embed',
          endpoint: '/v1/chat/completions',
          answers: 1,
          tokens: { input: 5, cached: 0, output: 0, reasoning: 0 },
        }
        expect(found).toEqual({
          models: [chat, embed],
          untold: 0,
          unanswered: 2,
          lineages: [
            { rootIndex: '4', triples: 2, models: [chat], untold: 0, unanswered: 1 },
            { rootIndex: '6', triples: 1, models: [embed], untold: 0, unanswered: 1 },
          ],
          problems: [],
        })
      },
    ))

  test('count an answer once that stands twice, or in a file that a later download replaced', () =>
    withWorkspace(
      {
        'workdir/batch_input_4.jsonl': input('a', 'b'),
        'workdir/batch_output_4.jsonl': jsonl(
          answerLine('a', 'A'),
          answerLine('a', 'A'),
          answerLine('b', 'B'),
        ),
        'failed-items/batch_superseded_output_4_0123456789ab.jsonl': jsonl(
          answerLine('a', 'A'),
          answerLine('x', 'paid for, and not in the file that came later'),
        ),
      },
      async (workspace) => {
        expect((await workspaceUsage(workspace)).models).toMatchObject([{ answers: 3, tokens: tokens(3) }])
      },
    ))

  test('say of how many answers nobody can tell', () =>
    withWorkspace(
      {
        'workdir/batch_output_4.jsonl': jsonl(
          answerLine('a', 'A'),
          responseLine('b', 200, { model, choices: [] }),
          responseLine('c', 200, { model, usage: { total_tokens: 7 } }),
          '{"custom_id":"d","response"',
          responseLine('e', 200, { model, usage: 'much' }),
          `{"custom_id":"f","response":{"status_code":200,"body":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`,
        ),
      },
      async (workspace) => {
        const { models, untold, unanswered } = await workspaceUsage(workspace)
        expect(models).toMatchObject([{ answers: 1 }])
        expect([untold, unanswered]).toEqual([5, 0])
      },
    ))

  test('of one triple that cannot be read keep no other from being counted', () =>
    withWorkspace(
      {
        'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'A')),
        'workdir/batch_metadata_4.jsonl': 'no JSON',
        'workdir/batch_output_5.jsonl': jsonl(answerLine('b', 'B')),
      },
      async (workspace) => {
        const found = await workspaceUsage(workspace)
        expect(found.models).toMatchObject([{ answers: 1 }])
        expect(found.problems).toMatchObject([{ index: '4', problem: { code: 'BatchMetadataUnreadable' } }])
      },
    ))

  test('come to nothing where there is nothing; models are not without bound', () =>
    withWorkspace({}, async (workspace) => {
      expect(await workspaceUsage(workspace)).toEqual({
        models: [],
        untold: 0,
        unanswered: 0,
        lineages: [],
        problems: [],
      })
      const lines = Array.from({ length: 1_500 }, (_, at) =>
        responseLine(`r${at}`, 200, {
          id: `x${at}`,
          model: `model-${at}`,
          usage: { prompt_tokens: 1, completion_tokens: 1 },
        }),
      )
      const { layout } = workspace
      await workspace.fileSystem.open(layout.workdirFile('output', '4'), 'create').then(async (file) => {
        await file.write(new TextEncoder().encode(jsonl(...lines)))
        await file.close()
      })
      const { models } = await workspaceUsage(workspace)
      expect(models).toHaveLength(1_001)
      expect(models[0]).toMatchObject({ model: 'others', answers: 500, tokens: { input: 500 } })
    }))
})
