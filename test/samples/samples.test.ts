import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { reconcileWorkspace, type BatchWorkspace, type ReconcileWorkspaceOptions } from '../../src/index.js'
import { jsonl, requestLine } from '../engine/lines.js'
import { namesIn, outcomesOf, reportOf, rowsOf, userFiles } from '../engine/workspaces.js'
import { withWorkspace } from '../workspace/support.js'

const samplesPath = fileURLToPath(new URL('../../../shared/samples', import.meta.url))
const isThere = existsSync(samplesPath)

/** Read in place and only when a test runs: where the samples are absent nothing is looked for. */
const sample = (path: string): string => readFileSync(`${samplesPath}/${path}`, 'utf8')

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const idOf = (line: string): string => String((JSON.parse(line) as { custom_id: unknown }).custom_id)

/** An input with one request for each id, once, to the endpoint that its answer comes from. */
function inputFor(lines: readonly string[]): string {
  const requests = new Map(lines.map((line) => [idOf(line), requestOf(line)]))
  return jsonl(...requests.values())
}

function requestOf(line: string): string {
  const id = idOf(line)
  if (line.includes('"embedding"')) return otherRequest(id, '/v1/embeddings')
  return /"object": ?"response"/.test(line) ? otherRequest(id, '/v1/responses') : requestLine(id)
}

const otherRequest = (id: string, url: string): string =>
  JSON.stringify({ custom_id: id, method: 'POST', url, body: { model: 'm', input: 'a' } })

async function reconciled(
  files: Readonly<Record<string, string>>,
  options: ReconcileWorkspaceOptions,
  check: (workspace: BatchWorkspace, retryIndex: string | null) => void,
): Promise<void> {
  await withWorkspace(files, async (workspace) => {
    const before = userFiles(workspace)
    const { outcome } = reportOf(await reconcileWorkspace(workspace, options), '1')
    expect(outcome.type).toBe('done')
    expect(userFiles(workspace)).toMatchObject(before)
    check(workspace, outcome.type === 'done' ? outcome.retryIndex : null)
  })
}

describe.skipIf(!isThere)('samples of real batch files (skipped where ../shared/samples is absent)', () => {
  test('65 chat requests and their answers: one row each, in the order of the requests', () => {
    const input = sample('navirag/input.jsonl')
    const output = sample('navirag/output.jsonl')
    const files = { 'workdir/batch_input_1.jsonl': input, 'workdir/batch_output_1.jsonl': output }
    return reconciled(files, {}, (workspace, retryIndex) => {
      expect(retryIndex).toBeNull()
      const ids = linesOf(input).map(idOf)
      expect(ids).toHaveLength(65)
      expect(outcomesOf(workspace, '1')).toEqual(ids.map((id) => [id, 'success']))
      const texts = new Map(linesOf(output).map((line) => [idOf(line), textOf(line)]))
      for (const row of rowsOf(workspace, 'target/batch_results_1.jsonl')) {
        expect(row['content']).toBe(texts.get(String(row['custom_id'])))
      }
      expect(namesIn(workspace, 'failed-items')).toEqual([])
    })
  })

  test('the same pair with one answer cut out of it is not moved', () =>
    withWorkspace(
      {
        'workdir/batch_input_1.jsonl': sample('navirag/input.jsonl'),
        'workdir/batch_output_1.jsonl': jsonl(...linesOf(sample('navirag/output.jsonl')).toSpliced(40, 1)),
      },
      async (workspace) => {
        const { problem, counts } = reportOf(await reconcileWorkspace(workspace), '1')
        expect(problem).toMatchObject({ code: 'RequestIdsMismatch' })
        expect(problem?.message).toContain('1 of 65 requests has no answer')
        expect(counts).toMatchObject({ missing: 1, matched: 64 })
        expect(namesIn(workspace, 'done')).toEqual([])
      },
    ))

  test('answers of three endpoints: a vector, a response, a chat, each with its content', () => {
    const output = sample('openai-batch-manager/output-reserialised.jsonl')
    const ids = linesOf(output).map(idOf)
    const files = {
      'workdir/batch_input_1.jsonl': inputFor(linesOf(output)),
      'workdir/batch_output_1.jsonl': output,
    }
    return reconciled(files, {}, (workspace) => {
      expect(outcomesOf(workspace, '1')).toEqual(ids.map((id) => [id, 'success']))
      const contents = rowsOf(workspace, 'target/batch_results_1.jsonl').map(({ content }) => content)
      expect(contents.map((content) => (Array.isArray(content) ? 'vector' : typeof content))).toEqual([
        'vector',
        'string',
        'string',
        'string',
      ])
      expect(JSON.stringify(contents[0])).toContain('-0.021419475')
      expect(contents[1]).toContain('Battery Life')
      expect(contents[2]).toContain('Pythagorean theorem')
    })
  })

  test('an input whose ids the output does not know is not moved', () =>
    withWorkspace(
      {
        'workdir/batch_input_1.jsonl': sample('openai-batch-manager/input.jsonl'),
        'workdir/batch_output_1.jsonl': sample('openai-batch-manager/output-reserialised.jsonl'),
      },
      async (workspace) => {
        const report = reportOf(await reconcileWorkspace(workspace), '1')
        expect(report.outcome.type).toBe('needs-attention')
        expect(report.problem?.message).toContain('belong to another batch')
      },
    ))

  test('one line of each shape that servers write: every request has one row of the right class', () => {
    const output = sample('shapes/output-lines.jsonl')
    const error = sample('shapes/error-lines.jsonl')
    const files = {
      'workdir/batch_input_1.jsonl': inputFor([...linesOf(output), ...linesOf(error)]),
      'workdir/batch_output_1.jsonl': output,
      'workdir/batch_error_1.jsonl': error,
    }
    return reconciled(files, {}, (workspace, retryIndex) => {
      expect(Object.fromEntries(outcomesOf(workspace, '1'))).toEqual({
        'chat-1': 'success',
        'chat-truncated': 'semantic',
        'chat-refusal': 'semantic',
        'chat-fenced': 'success',
        'responses-1': 'success',
        'embedding-1': 'success',
        'both-sides': 'transient',
        'chat-186': 'transient',
        'a/b:c-1': 'needs-person',
        'request-3': 'not-executed',
        'request-7': 'not-executed',
        'annotation:-170__457': 'permanent',
        'server-error': 'transient',
        'ticket-1042': 'not-executed',
        'rate-limited': 'transient',
        'responses-failed': 'transient',
      })
      const retried = rowsOf(workspace, `workdir/batch_input_${retryIndex}.jsonl`).map(idOfRow)
      expect(retried.toSorted()).toEqual([
        'both-sides',
        'chat-186',
        'rate-limited',
        'request-3',
        'request-7',
        'responses-failed',
        'server-error',
      ])
    })
  })

  test('the same shapes read as JSON: the fence is unwrapped, and mended only when that is wanted', () => {
    const output = sample('shapes/output-lines.jsonl')
    const files = {
      'workdir/batch_input_1.jsonl': inputFor(linesOf(output)),
      'workdir/batch_output_1.jsonl': output,
    }
    return reconciled(files, { expectedContentType: 'json', repairJson: true }, (workspace) => {
      const rows = rowsOf(workspace, 'target/batch_results_1.jsonl')
      const row = (id: string) => rows.find((each) => idOfRow(each) === id)
      expect(row('chat-1')).toMatchObject({ outcome: 'success', content: { name: 'Ada' } })
      expect(row('chat-fenced')).toMatchObject({
        outcome: 'success',
        content: { name: 'Ada', tags: ['x'] },
        repaired: true,
      })
      expect(row('chat-truncated')).toMatchObject({ outcome: 'semantic', content: '{"name":"Ad' })
      expect(row('responses-1')).toMatchObject({ outcome: 'rejected', error: { code: 'not_json' } })
    })
  })
})

const idOfRow = (row: Readonly<Record<string, unknown>>): string => String(row['custom_id'])

interface ChatLine {
  readonly response: {
    readonly body: { readonly choices: readonly [{ readonly message: { readonly content: string } }] }
  }
}

const textOf = (line: string): string =>
  (JSON.parse(line) as ChatLine).response.body.choices[0].message.content
