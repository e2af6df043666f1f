import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { answerLine, jsonl, requestLine } from '../engine/lines.js'
import {
  installedProject,
  programOf,
  repositoryRoot,
  run,
  type InstalledProject,
  type Outcome,
} from './installed-project.js'

let installed: InstalledProject | null = null

beforeAll(async () => {
  if (!existsSync(join(repositoryRoot, 'dist/src/index.js'))) throw new Error('`npm run build` comes first.')
  installed = await installedProject()
})

afterAll(() => installed?.remove())

/** The project, or the end of the test where nothing can be installed. */
function projectOf(context: TestContext): InstalledProject {
  if (installed === null) context.skip('the npm registry cannot be reached')
  return installed
}

/** The one program of the README, as it stands there. */
function readmeExample(): string {
  const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8')
  const [, code] = /<!-- example:library -->\n```js\n([^]*?)^```$/m.exec(readme) ?? []
  if (code === undefined) throw new Error('README.md has no js block behind <!-- example:library -->.')
  return code
}

/** What a failed step printed is what a person wants to see. */
function expectSuccess({ exitCode, stdout, stderr }: Outcome): void {
  expect({ exitCode, output: exitCode === 0 ? '' : `${stdout}\n${stderr}` }).toEqual({
    exitCode: 0,
    output: '',
  })
}

const ada = '{"name":"Ada"}'

describe('the example of the README', () => {
  test('runs as it stands, over an empty folder and over a triple', async (context) => {
    const project = projectOf(context)
    project.put('example.mjs', readmeExample())
    expectSuccess(await project.node('example.mjs'))

    project.put('my-batches/workdir/batch_input_1.jsonl', jsonl(requestLine('a'), requestLine('b')))
    project.put(
      'my-batches/workdir/batch_output_1.jsonl',
      jsonl(answerLine('a', ada), answerLine('b', 'Ada')),
    )
    const result = await project.node('example.mjs')
    expectSuccess(result)
    expect(result.stdout).toContain('1/a')
    expect(result.stdout).toContain('success')
    expect(result.stdout).toContain("name: 'Ada'")
    expect(result.stdout.trimEnd().split('\n').at(-1)).toBe('1 done')
    expect(result.stderr).toContain('b not_json')
    expect(existsSync(join(project.root, 'my-batches/done/batch_output_1.jsonl'))).toBe(true)
  })

  const compilers = [
    ['TypeScript 5.9', join(repositoryRoot, 'node_modules/typescript59/bin/tsc')],
    ['TypeScript 7', programOf('tsc')],
  ] as const
  const resolutions = [
    { module: 'node16', moduleResolution: 'node16' },
    { module: 'nodenext', moduleResolution: 'nodenext' },
    { module: 'esnext', moduleResolution: 'bundler' },
  ] as const
  const cases = compilers.flatMap(([name, path]) =>
    resolutions.map((options) => [name, options.moduleResolution, path, options] as const),
  )

  test.for(cases)(
    'is typed under %s with module resolution %s',
    async ([, resolution, compiler, options], context) => {
      const project = projectOf(context)
      project.put('example.ts', readmeExample())
      project.put('doors.ts', doors)
      project.put(`tsconfig.${resolution}.json`, JSON.stringify(compilerConfig(options)))
      expectSuccess(await project.node(compiler, '-p', `tsconfig.${resolution}.json`))
    },
  )

  test('is really looked at by the compiler: a field that does not exist is an error', async (context) => {
    const project = projectOf(context)
    project.put('wrong.ts', readmeExample().replaceAll('row.customId', 'row.custom_id'))
    project.put(
      'tsconfig.wrong.json',
      JSON.stringify({ ...compilerConfig(resolutions[1]), files: ['wrong.ts'] }),
    )
    const result = await project.node(programOf('tsc'), '-p', 'tsconfig.wrong.json')
    expect(result.exitCode).not.toBe(0)
    expect(result.stdout).toContain("'custom_id' does not exist")
  })
})

/** Every public door, with something that only types show. */
const doors = `
import { planWorkspace, openWorkspace, type TripleOutcome, type BatchProvider } from 'batch-reconciler'
import { tripleMachine, schedulerMachine } from 'batch-reconciler/machines'
import { createFakeBatchServer } from 'batch-reconciler/testing'

const plan = await planWorkspace(await openWorkspace('.'), { shouldCheckIds: true })
export const whys: string[] = plan.triples.map((triple) => triple.why)
export const ids: string[] = [tripleMachine.id, schedulerMachine.id]
export type Code = Extract<TripleOutcome, { type: 'failed' }>['problem']['code']
// @ts-expect-error: no such code
export const code: Code = 'NoSuchCode'
export const download: BatchProvider['download'] = async () => ({ bytes: 0 })
export const server = createFakeBatchServer
`

const compilerConfig = (options: Readonly<Record<string, string>>): object => ({
  compilerOptions: {
    ...options,
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    // Our declarations are checked too. exactOptionalPropertyTypes would fail in those of xstate 5 then.
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['example.ts', 'doors.ts'],
})

describe('the package', () => {
  test('brings a command that runs where it was installed', async (context) => {
    const project = projectOf(context)
    const binary = join(project.root, 'node_modules/.bin/batch-reconciler')
    project.put('other/workdir/batch_input_1.jsonl', jsonl(requestLine('a')))
    project.put('other/workdir/batch_output_1.jsonl', jsonl(answerLine('a', 'yes')))
    const result = await run(binary, ['run', 'other', '--json'], project.root)
    expectSuccess(result)
    expect(JSON.parse(result.stdout)).toMatchObject({ index: '1', outcome: 'done' })
    expect((await run(binary, ['run', 'nowhere'], project.root)).exitCode).toBe(2)
  })

  test('holds what is built and nothing else of the project', (context) => {
    const { root } = projectOf(context)
    const home = join(root, 'node_modules/batch-reconciler')
    expect(existsSync(join(home, 'dist/src/index.d.ts'))).toBe(true)
    // One copy of everything: the modules that the bundle is made of stay here.
    expect(existsSync(join(home, 'dist/src/engine/run.js'))).toBe(false)
    expect(existsSync(join(home, 'LICENSE'))).toBe(true)
    for (const name of ['src', 'test', 'machines', 'tsconfig.json']) {
      expect(existsSync(join(home, name)), name).toBe(false)
    }
  })

  test('brings the page of the inspector', async (context) => {
    const project = projectOf(context)
    project.put('paged/workdir/batch_input_1.jsonl', jsonl(requestLine('a')))
    project.put(
      'page.mjs',
      `import { openWorkspace } from 'batch-reconciler'
       import { exportWorkspace } from 'batch-reconciler/inspect'
       await exportWorkspace(await openWorkspace('paged'), 'page.html')`,
    )
    expectSuccess(await project.node('page.mjs'))
    expect(readFileSync(join(project.root, 'page.html'), 'utf8')).toContain('<div id="page">')
  })

  test('publint finds nothing', async () => {
    expectSuccess(await run(programOf('publint'), ['--strict'], repositoryRoot))
  })

  test('attw finds its types wherever modules are resolved', async () => {
    const inputs = ['--pack', '.', '--profile', 'esm-only', '--no-color']
    expectSuccess(await run(programOf('attw'), inputs, repositoryRoot))
  })
})
