import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { batchReconciler, jsonLines, processorModule, recipes, workspaceWith } from './command-line.js'

describe('--processor', () => {
  test('hands every row to the functions of the module', async () => {
    const root = await workspaceWith(recipes.retryable)
    const path = await processorModule(`
      import { appendFileSync } from 'node:fs'
      const note = (kind) => (row) => appendFileSync(${JSON.stringify(join(root, 'seen.txt'))}, kind + ' ' + row.customId + '\\n')
      export const processOutput = note('output')
      export const processErrors = note('error')
    `)
    expect((await batchReconciler(['run', root, '--processor', path])).exitCode).toBe(0)
    const seen = (await readFile(join(root, 'seen.txt'), 'utf8')).trim().split('\n')
    expect(seen.filter((line) => line.startsWith('output '))).toHaveLength(6)
    expect(seen.filter((line) => line.startsWith('error '))).toHaveLength(4)
  })

  test('a schema and a retry policy of the module decide', async () => {
    const root = await workspaceWith(recipes.whole)
    const path = await processorModule(`
      export const schema = { safeParse: () => ({ success: false, error: new Error('never good enough') }) }
      export const shouldRetry = (row) => row.customId === 'request-1'
    `)
    const { stdout } = await batchReconciler(['run', root, '--processor', path, '--json'])
    expect(jsonLines(stdout)).toMatchObject([
      { rows: { rejected: 20, retryable: 1 } },
      { outcome: 'not-submitted', attempt: 2 },
    ])
  })

  test('a throw stops that triple with exit code 1 and cannot colour the screen', async () => {
    const root = await workspaceWith(recipes.whole)
    const path = await processorModule(`export function processOutput() { throw new Error('\\u001b[31mno') }`)
    const { exitCode, stderr } = await batchReconciler(['run', root, '--processor', path])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('✗ 1 ProcessorThrew: ')
    expect(stderr).toContain('\\u001b[31mno')
    expect(stderr).not.toContain('\u001b')
  })

  test('an export that nobody calls is pointed out', async () => {
    const root = await workspaceWith(recipes.whole)
    const path = await processorModule(
      'export function processOutput() {}\nexport function procesErrors() {}',
    )
    const { exitCode, stderr } = await batchReconciler(['run', root, '--processor', path])
    expect(exitCode).toBe(0)
    expect(stderr).toContain("The processor exports 'procesErrors', which nobody calls")
  })

  const cases: readonly (readonly [string, string, string, string])[] = [
    ['does not parse', 'export function {', 'processor.mjs', 'cannot be loaded'],
    [
      'throws while it loads',
      "throw new Error('no database')",
      'processor.mjs',
      'cannot be loaded: no database',
    ],
    ['exports nothing', '', 'processor.mjs', 'exports nothing'],
    [
      'exports only unknown names',
      'export const onRow = 1',
      'processor.mjs',
      'exports onRow; nothing of that is known',
    ],
    [
      'exports no function',
      'export const processOutput = 1',
      'processor.mjs',
      "exports 'processOutput', which is not a function",
    ],
    [
      'exports no schema',
      'export const schema = {}',
      'processor.mjs',
      'not a schema with a safeParse function',
    ],
  ]
  test.each(cases)(
    'a module that %s is wrong usage and nothing is touched',
    async (_, source, name, reason) => {
      const root = await workspaceWith(recipes.whole)
      const path = await processorModule(source, name)
      const { exitCode, stdout, stderr } = await batchReconciler(['run', root, '--processor', path])
      expect([exitCode, stdout]).toEqual([2, ''])
      expect(stderr).toContain(`✗ WrongUsage: The processor ${path} `)
      expect(stderr).toContain(reason)
      expect(await readdir(root)).toEqual(['workdir'])
    },
  )

  test('a module that does not exist is wrong usage', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stderr } = await batchReconciler(['run', root, '--processor', './none.mjs'])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('none.mjs does not exist.')
  })
})
