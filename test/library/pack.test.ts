import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
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

  /** What the compiler says of every door, with these settings in place of the usual ones. */
  async function compiled(project: InstalledProject, settings: object): Promise<readonly string[]> {
    const { compilerOptions } = compilerConfig(resolutions[1])
    const config = { compilerOptions: { ...compilerOptions, ...settings }, files: ['doors.ts'] }
    project.put('doors.ts', doors)
    project.put('tsconfig.other.json', JSON.stringify(config))
    const { stdout } = await project.node(programOf('tsc'), '-p', 'tsconfig.other.json', '--pretty', 'false')
    return stdout.split('\n').filter((line) => / error TS\d+: /.test(line))
  }

  test('needs no types of Node while declarations are not checked, as docs/api.md says', async (context) => {
    expect(await compiled(projectOf(context), { types: [], skipLibCheck: true })).toEqual([])
  })

  test('has one known fault where exact optional properties are checked in declarations: XState’s', async (context) => {
    const exact = { exactOptionalPropertyTypes: true }
    const project = projectOf(context)
    expect(await compiled(project, { ...exact, skipLibCheck: true })).toEqual([])
    const faults = await compiled(project, { ...exact, skipLibCheck: false })
    expect(faults.length).toBeGreaterThan(0)
    expect(
      faults.filter((line) => !line.startsWith('node_modules/xstate/dist/declarations/src/setup.d.ts')),
    ).toEqual([])
  })

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

interface SourceMap {
  readonly sources: readonly string[]
  readonly sourcesContent: readonly string[]
}

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

const compilerConfig = (options: Readonly<Record<string, string>>) => ({
  compilerOptions: {
    ...options,
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    // Our declarations are checked too.
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
    expect(JSON.parse(result.stdout.split('\n')[0] ?? '')).toMatchObject({ index: '1', outcome: 'done' })
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

  test('brings the documents: every link of the README and of the pages leads somewhere', (context) => {
    const home = join(projectOf(context).root, 'node_modules/batch-reconciler')
    const pages = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.md') && !name.includes('node_modules'),
    )
    expect(pages).toContain('README.md')
    expect(pages).toContain(join('docs', 'CHANGELOG.md'))
    const dead = pages.flatMap((page) => {
      const links = [...readFileSync(join(home, page), 'utf8').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
      const local = links.map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
      return local
        .filter((target) => !existsSync(join(home, dirname(page), target)))
        .map((to) => `${page}: ${to}`)
    })
    expect(dead).toEqual([])
  })

  test('has a package.json without what only this repository needs', (context) => {
    const home = join(projectOf(context).root, 'node_modules/batch-reconciler')
    const names = Object.keys(JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as object)
    for (const name of ['overrides', 'resolutions', 'knip', 'private', 'workspaces'])
      expect(names).not.toContain(name)
  })

  test('has a source map for every file that names one, with the source in it', (context) => {
    const dist = join(projectOf(context).root, 'node_modules/batch-reconciler/dist')
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    )
    const named = files.flatMap((name) => {
      const [, map] = /^\/\/# sourceMappingURL=(.+)$/m.exec(readFileSync(join(dist, name), 'utf8')) ?? []
      return map === undefined ? [] : [join(dist, dirname(name), map)]
    })
    expect(named.length).toBeGreaterThan(10)
    for (const path of named) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(path, 'utf8')) as SourceMap
      expect(sourcesContent, path).toHaveLength(sources.length)
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
