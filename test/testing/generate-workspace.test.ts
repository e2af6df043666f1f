import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { reconcileWorkspace } from '../../src/engine/reconcile-workspace.js'
import { everyKindOfTriple } from '../../src/testing/generate-workspace/every-kind.js'
import { generateWorkspace } from '../../src/testing/generate-workspace/generate-workspace.js'
import { expectedRows, type TripleRecipe } from '../../src/testing/generate-workspace/recipe.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'

const recipe: TripleRecipe = {
  index: '7',
  about: 'for these tests',
  requests: 12,
  mix: { 'rate-limited': 2, missing: 1 },
  expected: { outcome: 'failed', code: 'RequestIdsMismatch' },
}

async function folder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'generated-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  return root
}

async function contentOf(root: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(join(root, 'workdir'))
  const texts = await Promise.all(names.map((name) => readFile(join(root, 'workdir', name), 'utf8')))
  return Object.fromEntries(names.map((name, at) => [name, texts[at] ?? '']))
}

async function generated(...recipes: readonly TripleRecipe[]): Promise<Readonly<Record<string, string>>> {
  const root = await folder()
  await generateWorkspace(root, { recipes })
  return contentOf(root)
}

function customIds(text: string | undefined): readonly string[] {
  const lines = (text ?? '').split('\n').filter((line) => line !== '')
  return lines.map((line): string => JSON.parse(line).custom_id)
}

describe('a generated workspace', () => {
  test('is the same for the same seed, byte for byte, and another one for another seed', async () => {
    const [first, second, other] = [await folder(), await folder(), await folder()]
    await generateWorkspace(first, { recipes: [recipe], seed: 5 })
    await generateWorkspace(second, { recipes: [recipe], seed: 5 })
    await generateWorkspace(other, { recipes: [recipe], seed: 6 })
    expect(await contentOf(second)).toEqual(await contentOf(first))
    expect(await contentOf(other)).not.toEqual(await contentOf(first))
  })

  test('never overwrites a file', async () => {
    const root = await folder()
    await generateWorkspace(root, { recipes: [recipe] })
    const before = await contentOf(root)
    await expect(generateWorkspace(root, { recipes: [recipe], seed: 9 })).rejects.toThrow('EEXIST')
    expect(await contentOf(root)).toEqual(before)
  })

  test('has each request once, and an answer for all but the missing ones', async () => {
    const files = await generated(recipe)
    const input = customIds(files['batch_input_7.jsonl'])
    const output = customIds(files['batch_output_7.jsonl'])
    const error = customIds(files['batch_error_7.jsonl'])
    expect([input.length, output.length, error.length]).toEqual([12, 9, 2])
    expect(new Set(input).size).toBe(12)
    expect([...output, ...error].filter((id) => !input.includes(id))).toEqual([])
  })

  test('refuses more outcomes than requests', async () => {
    await expect(generated({ ...recipe, requests: 2 })).rejects.toThrow('has 2 requests and outcomes for 3')
  })

  test('writes real endpoints: chat, responses and embeddings', async () => {
    for (const [endpoint, url] of [
      ['chat', '/v1/chat/completions'],
      ['responses', '/v1/responses'],
      ['embeddings', '/v1/embeddings'],
    ] as const) {
      const files = await generated({
        index: '1',
        about: '',
        requests: 1,
        endpoint,
        expected: recipe.expected,
      })
      expect(JSON.parse(files['batch_input_1.jsonl'] ?? '')).toMatchObject({ method: 'POST', url })
    }
  })

  test('ends in a run as every one of its recipes says', async () => {
    const root = await folder()
    const recipes = everyKindOfTriple()
    await generateWorkspace(root, { recipes, seed: 42 })
    const { triples } = await reconcileWorkspace(await openWorkspace(root))
    const byIndex = new Map(triples.map((triple) => [triple.index, triple]))
    for (const { index, expected, ...rest } of recipes) {
      const report = byIndex.get(index)
      expect([index, report?.outcome.type, report?.problem?.code ?? null]).toEqual([
        index,
        expected.outcome,
        expected.code,
      ])
      if (expected.outcome !== 'done') continue
      const rows = expectedRows({ index, expected, ...rest })
      expect([index, report?.rows?.success, report?.rows?.retryable]).toEqual([
        index,
        rows.success,
        rows.retryable,
      ])
    }
  })
})
