import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { canHaveOwnProcesses, withOwnProcesses } from '../own-processes.js'
import { processorModule, recipes, workspaceWith } from './command-line.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

type Place = 'here' | 'container'

function start(place: Place, ...inputs: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const whole = [program, ...inputs]
  const [command, all]: [string, string[]] =
    place === 'here' ? [process.execPath, whole] : withOwnProcesses(process.execPath, whole)
  const child = spawn(command, all, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function ending(child: ReturnType<typeof start>): Promise<readonly [number | null, string]> {
  const [said] = await Promise.all([text(child.stderr), once(child, 'close')])
  return [child.exitCode, said]
}

/** A run that has the workspace until somebody kills it. */
async function holding(place: Place, root: string): Promise<ReturnType<typeof start>> {
  const processor = await processorModule(`
    export const processOutput = () => new Promise(() => { console.error('holding'); setInterval(() => {}, 1000) })
  `)
  const child = start(place, 'run', root, '--processor', processor)
  let said = ''
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (said.includes('holding')) return child
  }
  throw new Error(`It ended: ${said}`)
}

/** With a table of processes of its own and the host name of the machine, such as of a container that was given it. */
describe.skipIf(!canHaveOwnProcesses)('a container that has the name of its host', () => {
  test.each([
    ['container', 'here'],
    ['here', 'container'],
    ['container', 'container'],
  ] as const)(
    'keeps its run (%s, seen from %s), and what a kill leaves goes by the advice',
    async (at, from) => {
      const root = await workspaceWith(recipes.whole)
      const first = await holding(at, root)
      const lock = await readFile(join(root, '.batch-reconciler.lock'), 'utf8')
      const [exitCode, said] = await ending(start(from, 'run', root))
      expect([exitCode, said]).toEqual([3, expect.stringContaining('WorkspaceLocked')])
      expect(said).toContain('(in another container or machine of this name)')
      expect(await readFile(join(root, '.batch-reconciler.lock'), 'utf8')).toBe(lock)

      first.kill('SIGKILL')
      await once(first, 'close')
      expect((await ending(start(from, 'run', root)))[0]).toBe(3)
      const [, advice = ''] = /If you know that it is gone: `batch-reconciler (.+)`/.exec(said) ?? []
      expect(advice).toBe(`unlock ${root}`)
      expect((await ending(start(from, ...advice.split(' '))))[0]).toBe(0)
      expect((await ending(start(from, 'run', root)))[0]).toBe(0)
    },
  )

  test('takes over what it left itself', async () => {
    const root = await workspaceWith(recipes.whole)
    const processor = await processorModule('export const processOutput = () => process.kill(process.pid, 9)')
    const twice = `${process.execPath} ${program} run ${root} --processor ${processor}; exec ${process.execPath} ${program} run ${root}`
    const child = spawn(...withOwnProcesses('sh', ['-c', twice]), { stdio: 'ignore' })
    await once(child, 'close')
    expect(child.exitCode).toBe(0)
  })
})
