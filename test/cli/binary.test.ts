import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { jsonLines, processorModule, recipes, temporaryFolder, workspaceWith } from './command-line.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** Node strips types by itself from these versions on (nodejs.org, "Modules: TypeScript"). */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const canLoadTypeScript = major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)

interface Ending {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams
  readonly ending: Promise<Ending>
  /** Resolves when the text has been printed, on either stream. */
  printed(text: string): Promise<void>
}

beforeAll(() => {
  if (!existsSync(program)) throw new Error(`${program} is missing; run \`npm run build\` first.`)
})

function start(command: string, inputs: readonly string[]): Running {
  const child = spawn(command, inputs, { env: { PATH: process.env['PATH'] } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ending = new Promise<Ending>((resolve, reject) => {
    child.on('error', reject).on('close', (exitCode) => resolve({ exitCode, ...written }))
  })
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if ((written.stdout + written.stderr).includes(text)) resolve()
      }
      listeners.add(look)
      look()
      void ending.then(() => reject(new Error(`It ended without printing '${text}': ${written.stderr}`)))
    })
  return { child, ending, printed }
}

const batchReconciler = (...inputs: readonly string[]): Running =>
  start(process.execPath, [program, ...inputs])

describe('the program', () => {
  test('shows help and version', async () => {
    expect(await batchReconciler('--help').ending).toMatchObject({ exitCode: 0, stderr: '' })
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await batchReconciler('--version').ending).toEqual({
      exitCode: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    })
  })

  test('ends with exit code 2 for an unknown flag', async () => {
    const { exitCode, stderr } = await batchReconciler('run', 'x', '--jsn').ending
    expect(exitCode).toBe(2)
    expect(stderr).toContain('did you mean --json?')
  })

  test('runs a workspace with a processor module', async () => {
    const root = await workspaceWith(recipes.whole)
    const processor = await processorModule(
      'export const processOutput = (row) => console.error(row.customId)',
    )
    const { exitCode, stdout, stderr } = await batchReconciler(
      'run',
      root,
      '--json',
      '--processor',
      processor,
    ).ending
    expect(exitCode).toBe(0)
    expect(jsonLines(stdout)).toMatchObject([{ index: '1', outcome: 'done' }])
    expect(stderr.match(/^request-\d+$/gm)).toHaveLength(20)
  })

  test('says so when a promise of the processor never settles', async () => {
    const root = await workspaceWith(recipes.whole)
    const processor = await processorModule('export const processOutput = () => new Promise(() => {})')
    const { exitCode, stderr } = await batchReconciler('run', root, '--processor', processor).ending
    expect(exitCode).toBe(1)
    expect(stderr).toContain('a promise never settled')
    expect(await batchReconciler('run', root).ending).toMatchObject({ exitCode: 0 })
  })

  test.skipIf(canLoadTypeScript)('refuses TypeScript by name where Node cannot load it', async () => {
    const root = await workspaceWith(recipes.whole)
    const path = await processorModule('export function processOutput(row: unknown): void {}', 'processor.ts')
    const { exitCode, stderr } = await batchReconciler('run', root, '--processor', path).ending
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/processor\.ts is of a kind .*\n {2}→ Node \S+ loads no TypeScript/)
  })

  test('refuses a file that is no module at all', async () => {
    const root = await workspaceWith(recipes.whole)
    const path = await processorModule('x', 'processor.txt')
    const { exitCode, stderr } = await batchReconciler('run', root, '--processor', path).ending
    expect(exitCode).toBe(2)
    expect(stderr).toContain('cannot load')
  })
})

describe('Ctrl-C', () => {
  test('stops cleanly with exit code 130, and the next run hands over the rest', async () => {
    const root = await workspaceWith({ ...recipes.whole, requests: 3_000 })
    const seen = join(await temporaryFolder(), 'seen.txt')
    // Rows stop coming at the hundredth until the stop is under way, so the run cannot be over before it.
    const processor = await processorModule(`
      import { appendFileSync } from 'node:fs'
      import { setImmediate } from 'node:timers/promises'
      let count = 0
      let isStopping = process.argv.includes('--repair-json')
      process.on('SIGINT', () => { isStopping = true })
      export async function processOutput(row) {
        appendFileSync(${JSON.stringify(seen)}, row.customId + '\\n')
        count += 1
        if (count === 100) console.error('a hundred rows')
        while (count >= 100 && !isStopping) await setImmediate()
      }
    `)
    const first = batchReconciler('run', root, '--processor', processor)
    await first.printed('a hundred rows')
    first.child.kill('SIGINT')
    const stopped = await first.ending
    expect(stopped.exitCode).toBe(130)
    expect(stopped.stderr).toContain('Stopping cleanly')
    expect(stopped.stderr).toContain('the next run goes on from here')

    const second = await batchReconciler('run', root, '--json', '--processor', processor, '--repair-json')
      .ending
    expect(second.exitCode).toBe(0)
    expect(jsonLines(second.stdout)).toMatchObject([{ outcome: 'done', rows: { success: 3_000 } }])
    const ids = (await readFile(seen, 'utf8')).trim().split('\n')
    expect(new Set(ids).size).toBe(3_000)
  })

  test('twice ends it at once, and the workspace is free again for the next run', async () => {
    const root = await workspaceWith(recipes.whole)
    const processor = await processorModule(`
      export const processOutput = () => new Promise(() => { console.error('stuck'); setInterval(() => {}, 1000) })
    `)
    const stuck = batchReconciler('run', root, '--processor', processor)
    await stuck.printed('stuck')
    stuck.child.kill('SIGINT')
    await stuck.printed('Stopping cleanly')
    stuck.child.kill('SIGINT')
    expect((await stuck.ending).exitCode).toBe(130)
    expect((await batchReconciler('run', root).ending).exitCode).toBe(0)
  })
})

describe('a reader that goes away', () => {
  test('leaves no error behind and does not change the exit code', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'workdir'))
    // Far more than a pipe holds, so that writing meets the closed end.
    for (let index = 1; index <= 1_500; index += 1) {
      await writeFile(join(root, 'workdir', `batch_input_${index}.jsonl`), '')
    }
    const { child, ending } = batchReconciler('plan', root, '--quick', '--json')
    child.stdout.once('data', () => child.stdout.destroy())
    const { exitCode, stdout, stderr } = await ending
    expect(exitCode).toBe(0)
    expect(stdout.split('\n').length).toBeLessThan(1_500)
    expect(stderr).toContain('1,500 triples: 1,500 not submitted. Nothing was changed.')
  })
})
