import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createFakeBatchServer } from '../../src/testing/index.js'
import { jsonl, metadataText, requestLine } from '../engine/lines.js'
import { filesBelow, putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, temporaryFolder } from './command-line.js'
import { withoutPackage } from './without-package.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

const bounded = (id: string, model = 'gpt-4o-mini'): string =>
  requestLine(id, 'hello world').replace('"gpt-4o-mini"', `"${model}","max_completion_tokens":100`)

/** A folder with a file of requests, prices, and the path of a workspace that is not there yet. */
async function scene(...lines: readonly string[]) {
  const folder = await temporaryFolder()
  const [root, requests, list] = [
    join(folder, 'ws'),
    join(folder, 'requests.jsonl'),
    join(folder, 'prices.json'),
  ]
  writeFileSync(requests, jsonl(...lines))
  const models = { 'gpt-4o-mini': { input: 1_000, output: 10_000 } }
  writeFileSync(list, JSON.stringify({ as_of: '2026-11-26', currency: 'USD', batch_factor: 0.5, models }))
  return { folder, root, requests, list }
}

describe('submit --estimate', () => {
  test('tells tokens and money without a key, and makes nothing', async () => {
    const { root, requests, list } = await scene(bounded('a'), bounded('b'))
    const told = await batchReconciler(['submit', root, requests, '--estimate', '--prices', list])
    expect(told.exitCode).toBe(0)
    // 18 and 200 tokens at 1,000 and 10,000 for a million, and half of that.
    expect(told.stdout).toMatch(
      /requests\.jsonl +gpt-4o-mini +\/v1\/chat\/completions +2 +18 +200 +0\.0090 +1\.0090\n/,
    )
    expect(told.stderr).toBe(
      [
        '1 batch of 2 requests: 18 tokens of input, at most 200 of output.',
        '0.0090 USD for the input, at most 1.0090 with the output, by prices of 2026-11-26, of which batches pay 0.5.',
        'Each message is reckoned with 4 tokens around it; the bill of the server is what counts.',
        'Nothing was written or sent.',
        '',
      ].join('\n'),
    )
    expect(existsSync(root)).toBe(false)
  })

  test('says what is in none of its sums', async () => {
    const { root, requests, list } = await scene(requestLine('a'), bounded('b', 'mistral-large'))
    const { stdout, stderr } = await batchReconciler([
      'submit',
      root,
      requests,
      '--estimate',
      '--prices',
      list,
    ])
    expect(stdout.trim().split('\n')).toHaveLength(3)
    expect(stderr).toContain('the output of 1 request that names no most')
    expect(stderr).toContain('Counted as o200k_base, which need not be how the model counts: mistral-large.')
    expect(stderr).toContain('nobody can tell the most.')
    expect(stderr).toContain('Not in it, for want of a price: mistral-large.')
  })

  test('leaves out what was sent, which --again counts, and changes no file', async () => {
    const { root, requests } = await scene(bounded('a'), bounded('b'), bounded('c'))
    putFiles(root, {
      'workdir/batch_input_4.jsonl': jsonl(bounded('a')),
      'workdir/batch_metadata_4.jsonl': metadataText({}),
    })
    const before = filesBelow(root)
    const told = await batchReconciler(['submit', root, requests, '--estimate', '--json'])
    expect(jsonLines(told.stdout)).toMatchObject([{ requests: 2, input_tokens: 18, max_output_tokens: 200 }])
    expect(told.stderr).toContain('Left out: 1 request that was sent before')
    const again = await batchReconciler(['submit', root, requests, '--estimate', '--again', '--json'])
    expect(jsonLines(again.stdout)).toMatchObject([{ requests: 3 }])
    expect(filesBelow(root)).toEqual(before)
  })

  test('counts a request once that stands in two of the files', async () => {
    const { folder, root, requests } = await scene(bounded('a'), bounded('b'))
    const other = join(folder, 'other.jsonl')
    writeFileSync(other, jsonl(bounded('b'), bounded('c')))
    const { stdout } = await batchReconciler(['submit', root, requests, other, '--estimate', '--json'])
    expect(jsonLines(stdout).map(({ requests: count }) => count)).toEqual([2, 1])
  })

  test('splits by the limits that are given, and refuses what a server would', async () => {
    const { root, requests } = await scene(bounded('a'), bounded('b'), bounded('c'))
    const { stdout } = await batchReconciler([
      'submit',
      root,
      requests,
      '--estimate',
      '--max-batch-requests',
      '2',
      '--json',
    ])
    expect(jsonLines(stdout).map(({ requests: count }) => count)).toEqual([2, 1])
    writeFileSync(requests, 'no JSON\n')
    const refused = await batchReconciler(['submit', root, requests, '--estimate'])
    expect([refused.exitCode, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('RequestsFileInvalid')
  })
})

describe('plan --estimate', () => {
  test('tells what was never submitted, and nothing of the rest', async () => {
    const { root, list } = await scene()
    putFiles(root, {
      'workdir/batch_input_4.jsonl': jsonl(bounded('a'), 'no JSON'),
      'workdir/batch_input_5.jsonl': jsonl(bounded('b')),
      'workdir/batch_metadata_5.jsonl': metadataText({}),
    })
    const before = filesBelow(root)
    const told = await batchReconciler(['plan', root, '--quick', '--estimate', '--prices', list])
    expect(told.stdout).toMatch(/^4 +gpt-4o-mini .* 1 +9 +100 +0\.0045 +0\.5045$/m)
    expect(told.stderr).toContain('1 batch of 1 request: 9 tokens of input, at most 100 of output.')
    expect(told.stderr).toContain('Not in it: 1 line that servers would refuse')
    const { stdout } = await batchReconciler(['plan', root, '--estimate', '--json'])
    expect(jsonLines(stdout)).toMatchObject([
      { index: '4', estimate: { batches: [{ input_tokens: 9, input_cost: null }], invalid_lines: 1 } },
      { index: '5', estimate: null },
    ])
    expect(filesBelow(root)).toEqual(before)
  })

  test('says that there is nothing to estimate, and wants no prices without it', async () => {
    const { root, list } = await scene()
    putFiles(root, {
      'workdir/batch_input_5.jsonl': jsonl(bounded('b')),
      'workdir/batch_metadata_5.jsonl': metadataText({}),
    })
    const told = await batchReconciler(['plan', root, '--estimate'])
    expect(told.stderr).toContain('Nothing to estimate')
    const refused = await batchReconciler(['plan', root, '--prices', list])
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toContain('Add --estimate.')
  })
})

test('without the tokenizer it is said how to install it, at once', async () => {
  const { root, requests } = await scene(bounded('a'))
  putFiles(root, { 'workdir/batch_input_4.jsonl': jsonl(bounded('a')) })
  const prelude = withoutPackage('gpt-tokenizer')
  for (const inputs of [
    ['submit', root, requests, '--estimate'],
    ['plan', root, '--estimate'],
  ]) {
    const failed = await promisify(execFile)(process.execPath, [...prelude, program, ...inputs]).catch(
      (error: unknown) => error,
    )
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('npm install gpt-tokenizer@4') })
  }
})

test('without the tokenizer a limit of open tokens goes by bytes, says so, and names a limit that fits', async () => {
  const line = bounded('a')
  const root = await temporaryFolder()
  putFiles(root, { 'workdir/batch_input_1.jsonl': jsonl(line) })
  const server = createFakeBatchServer()
  const { baseURL, close } = await server.listen()
  const send = async (limit: number) => {
    const inputs = ['run', root, '--submit', '--max-open-tokens', String(limit)]
    const env = { ...process.env, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: baseURL }
    const command = [...withoutPackage('gpt-tokenizer'), program, ...inputs]
    return promisify(execFile)(process.execPath, command, { env }).then(
      ({ stderr, stdout }) => ({ code: 0, text: stdout + stderr }),
      ({ code, stderr, stdout }: { code: number; stderr: string; stdout: string }) => ({
        code,
        text: stdout + stderr,
      }),
    )
  }
  try {
    const bytes = Buffer.byteLength(line)
    const refused = await send(bytes - 1)
    expect(refused.code).toBe(1)
    expect(refused.text).toContain(`it takes at most, by its bytes, ${bytes} tokens of input`)
    expect(refused.text).toContain('Where the package gpt-tokenizer is installed, tokens are counted')
    const [, most = ''] = /--max-open-tokens (\d+)/.exec(refused.text) ?? []
    expect(server.batches()).toHaveLength(0)
    expect((await send(Number(most))).code).toBe(0)
    expect(server.batches()).toHaveLength(1)
  } finally {
    await close()
  }
})
