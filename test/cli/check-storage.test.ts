import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { batchReconciler, jsonLines, recipes, workspaceWith } from './command-line.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** The built program: it starts a second process of itself. */
async function work(...inputs: readonly string[]) {
  const child = spawn(process.execPath, [program, 'work', ...inputs], { env: { PATH: process.env['PATH'] } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text))
  await once(child, 'close')
  return { exitCode: child.exitCode, ...printed }
}

const hidden = (root: string): readonly string[] => readdirSync(root).filter((name) => name.startsWith('.'))

describe('work --check-storage', () => {
  test('tries this disk from two processes, without Redis, key or server', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stdout, stderr } = await work(root, '--check-storage')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^exclusive-link +yes +200 names that both wanted went to one each$/m)
    expect(stderr).toContain('from two processes of this host: this storage keeps what workers rely on.')
    expect(stderr).toContain('run it with --two-hosts on two of them')
    expect(hidden(root)).toEqual([])
  })

  test('--two-hosts waits for the same command; one of the two tells what was found', async () => {
    const root = await workspaceWith(recipes.whole)
    const inputs = [root, '--check-storage', '--two-hosts', '--json'] as const
    const both = await Promise.all([work(...inputs), work(...inputs)])
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const findings = both.flatMap(({ stdout }) => jsonLines(stdout))
    expect(findings.map(({ promise, is_kept: isKept }) => [promise, isKept])).toContainEqual([
      'removed-folder',
      true,
    ])
    expect(both.map(({ stderr }) => stderr).join('')).toContain('tells what was found.')
    expect(hidden(root)).toEqual([])
  })

  test('--two-hosts alone is wrong usage', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stderr } = await batchReconciler(['work', root, '--two-hosts'])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--two-hosts belongs to --check-storage')])
  })
})
