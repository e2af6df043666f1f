import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerLine, jsonl, responseLine } from '../engine/lines.js'
import { putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, temporaryFolder } from './command-line.js'

const prices = {
  as_of: '2026-11-26',
  currency: 'USD',
  batch_factor: 0.5,
  models: { 'gpt-4o-mini': { input: 1_000, output: 10_000 } },
}

async function workspace(): Promise<{ readonly root: string; readonly list: string }> {
  const root = await temporaryFolder()
  putFiles(root, {
    'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'A'), answerLine('b', 'B')),
    'done/batch_output_5.jsonl': jsonl(
      responseLine('c', 200, { id: 'r', model: 'other', usage: { prompt_tokens: 1, completion_tokens: 0 } }),
    ),
  })
  const list = join(root, 'prices.json')
  writeFileSync(list, JSON.stringify(prices))
  return { root, list }
}

test('usage tells tokens by model, and money by prices that were given', async () => {
  const { root, list } = await workspace()
  const bare = await batchReconciler(['usage', root])
  expect(bare.exitCode).toBe(0)
  expect(bare.stdout).toMatch(/gpt-4o-mini-2024-07-18 +– +2 +18 +0 +6 +0\n/)
  expect(bare.stderr).toBe(
    '3 answers of 2 lineages: 19 tokens of input (0 cached), 6 of output (0 reasoning).\n',
  )
  const priced = await batchReconciler(['usage', root, '--prices', list])
  // 18 and 6 tokens at 1,000 and 10,000 for a million, and half of that.
  expect(priced.stdout).toMatch(/gpt-4o-mini-2024-07-18 .* 0\.0390\n/)
  expect(priced.stdout).toMatch(/other .* –\n/)
  expect(priced.stderr).toContain('0.0390 USD by prices of 2026-11-26, of which batches pay 0.5.\n')
  expect(priced.stderr).toContain('Not in it, for want of a price: other.\n')
})

test('usage --json prints what docs/costs.md names', async () => {
  const { root, list } = await workspace()
  const { stdout } = await batchReconciler(['usage', root, '--by', 'lineage', '--json', '--prices', list])
  expect(jsonLines(stdout)).toEqual([
    {
      root_index: '4',
      model: 'gpt-4o-mini-2024-07-18',
      endpoint: null,
      answers: 2,
      input_tokens: 18,
      cached_tokens: 0,
      output_tokens: 6,
      reasoning_tokens: 0,
      cost: 0.039,
      currency: 'USD',
    },
    expect.objectContaining({ root_index: '5', model: 'other', cost: null }),
  ])
})

test('usage refuses prices that it cannot use, and tells what it could not read', async () => {
  const { root, list } = await workspace()
  writeFileSync(list, '{}')
  const refused = await batchReconciler(['usage', root, '--prices', list])
  expect([refused.exitCode, refused.stdout]).toEqual([2, ''])
  expect(refused.stderr).toContain('is no price list')
  putFiles(root, { 'workdir/batch_metadata_4.jsonl': 'x' })
  const partly = await batchReconciler(['usage', root])
  expect(partly.exitCode).toBe(1)
  expect(partly.stderr).toContain('✗ 4 BatchMetadataUnreadable')
  expect(partly.stdout).toContain('other')
})
