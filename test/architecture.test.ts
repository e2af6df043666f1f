import { readdir, readFile } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { packagesOf, wrongImports } from './architecture/layers.js'
import { tripleMachine } from '../machines/index.js'
import { importsOf, impuritiesOf, statePathsIn } from './architecture/source-facts.js'
import { pathOf, statesOf } from './docs/machine-diagram.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = new Map([...(await readSources('machines')), ...(await readSources('src'))])
const pagePath = 'src/inspect/page/'
const machines = [...sources].filter(([path]) => path.startsWith('machines/'))

describe('the layers', () => {
  test('import downwards only: cli, engine, actors, providers, accounting, workspace, machines', () => {
    expect([...sources].flatMap(([path, text]) => wrongImports(path, text))).toEqual([])
  })

  test('import only packages that are installed with this one, or come along in its files', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
    const takenAlong = JSON.parse(await readFile(join(root, 'src/taken-along.json'), 'utf8')) as string[]
    const installed = new Set([
      ...Object.keys(manifest.dependencies),
      ...Object.keys(manifest.peerDependencies),
      ...takenAlong,
    ])
    const shipped = [...sources].filter(([path]) => !path.startsWith(pagePath))
    const foreign = shipped.flatMap(([path, text]) =>
      packagesOf(text)
        .filter((name) => !name.startsWith('node:') && !installed.has(name))
        .map((name) => `${path} imports ${name}`),
    )
    expect(foreign).toEqual([])
  })
})

describe('the page', () => {
  const page = [...sources].filter(([path]) => path.startsWith(pagePath))

  test('is bundled with preact and nothing else, and runs without Node', () => {
    expect(page.map(([path]) => path)).toContain('src/inspect/page/main.tsx')
    const packages = new Set(withWhatTheyImport(page).flatMap(([, text]) => packagesOf(text)))
    expect([...packages].map((name) => name.split('/')[0])).toEqual(['preact'])
  })
})

describe('the machines', () => {
  test('were found', () => {
    expect(machines.map(([path]) => path)).toContain('machines/triple/triple.machine.ts')
  })

  test('import xstate and themselves, nothing else', () => {
    const imported = new Set(machines.flatMap(([, text]) => packagesOf(text)))
    expect([...imported]).toEqual(['xstate'])
  })

  test('hold no clock, no chance, no I/O and no state of their own', () => {
    const impure = machines.flatMap(([path, text]) => impuritiesOf(text).map((what) => `${path}: ${what}`))
    expect(impure).toEqual([])
  })
})

describe('the states of a triple', () => {
  const paths = statesOf(tripleMachine).map(pathOf)
  const drawn = 'src/inspect/chart/statechart-svg.ts'

  test('are spelled in machines/ and nowhere else: others ask its functions', () => {
    const others = [...sources].filter(([path]) => path.startsWith('src/') && path !== drawn)
    expect(
      others.flatMap(([path, text]) => statePathsIn(text, paths).map((word) => `${path}: ${word}`)),
    ).toEqual([])
    expect(statePathsIn(sources.get(drawn) ?? '', paths)).not.toEqual([])
  })

  test.each([
    `const at = 'awaiting-online-files.waiting'`,
    `if (state === 'missing-input') act()`,
    `if (summary.state !== 'done') act()`,
    `if ('failed' === report.state) act()`,
    `const report = { state: 'failed' }`,
    `const firstState = 'deciding'`,
    'const text = `it is in checking-ids.checking now`',
    'const text = `in checking-ids of ${index}`',
    `const state = isGone ? 'failed' : other`,
    `isInState('submitting')`,
  ])('are noticed in %s', (text) => {
    expect(statePathsIn(text, paths)).toHaveLength(1)
  })

  test.each([
    `if (outcome.type === 'failed') act()`,
    `const at = join(root, 'done')`,
    `if (batch.status === 'failed') act()`,
    '// it waits in awaiting-online-files.waiting',
    'const text = `all is done`',
  ])('are not seen where other things are called so: %s', (text) => {
    expect(statePathsIn(text, paths)).toEqual([])
  })
})

describe('the check itself', () => {
  test.each([
    ['machines/facts.ts', '../src/clock.js'],
    ['src/clock.ts', './workspace/layout.js'],
    ['src/workspace/layout.ts', '../accounting/account.js'],
    ['src/accounting/account.ts', '../providers/batch-provider.js'],
    ['src/actors/check-ids.ts', '../engine/report.js'],
    ['src/engine/report.ts', '../cli/main.js'],
    ['src/engine/report.ts', '../index.js'],
    ['src/engine/report.ts', '../inspect/index.js'],
    ['src/index.ts', './testing/index.js'],
    ['src/testing/index.ts', '../cli/main.js'],
    ['src/testing/index.ts', '../inspect/index.js'],
    ['src/engine/report.ts', '../../test/machines/harness.js'],
    ['src/somewhere/new.ts', '../clock.js'],
  ])('bites when %s imports %s', (path, name) => {
    for (const text of [
      `import { a } from '${name}'`,
      `import type { a } from '${name}'`,
      `import '${name}'`,
      `export * from '${name}'`,
      `const a = await import('${name}')`,
      `let a: import('${name}').A`,
    ]) {
      expect(wrongImports(path, text)).toHaveLength(1)
    }
  })

  test.each([
    ['machines/triple/setup.ts', '../facts.js'],
    ['src/workspace/layout.ts', '../errors.js'],
    ['src/accounting/rows/answer.ts', '../../workspace/file-system.js'],
    ['src/engine/report.ts', '../../machines/index.js'],
    ['src/testing/index.ts', '../engine/report.js'],
    ['src/cli/main.ts', '../testing/index.js'],
  ])('lets %s import %s', (path, name) => {
    expect(wrongImports(path, `import { a } from '${name}'`)).toEqual([])
  })

  test('does not take an import in a comment or a text for one', () => {
    expect(importsOf(`// import '../cli/main.js'\nconst text = "import '../cli/main.js'"`)).toEqual([])
  })

  test('tells a package from the path inside it', () => {
    expect(packagesOf(`import 'xstate/graph'; import '@stricli/core/x'; import 'node:fs/promises'`)).toEqual(
      expect.arrayContaining(['xstate', '@stricli/core', 'node:fs']),
    )
  })

  test.each([
    ['Date.now()', 'Date'],
    ['new Date()', 'Date'],
    ['Math.random()', 'Math.random'],
    [`Math['random']()`, `Math['random']`],
    ['process.env', 'process'],
    ['const { env } = process', 'process'],
    ['setTimeout(act, 1)', 'setTimeout'],
    ['globalThis.Date', 'globalThis'],
    ['let count = 0', 'module state: let count = 0'],
  ])('bites on %s', (text, what) => {
    expect(impuritiesOf(text)).toEqual([what])
  })

  test.each([
    'Math.max(1, 2)',
    '({ process: 1 })',
    'step.process()',
    '// Date.now()',
    '"Date"',
    'const a = 1',
  ])('lets %s stand', (text) => {
    expect(impuritiesOf(text)).toEqual([])
  })
})

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** Files and, to the end, those of this repository that they import for their values. */
function withWhatTheyImport(files: readonly (readonly [string, string])[]) {
  const found = new Map(files)
  for (const [path, text] of found) {
    for (const name of importsOf(withoutTypeImports(text)).filter((one) => one.startsWith('.'))) {
      const imported = posix.join(posix.dirname(path), name).replace(/\.js$/, '')
      for (const [other, source] of sources)
        if (other.replace(/\.tsx?$/, '') === imported) found.set(other, source)
    }
  }
  return [...found]
}

const withoutTypeImports = (text: string): string => text.replace(/^import type [^']*'[^']*'$/gm, '')

/** Path relative to the repository, with slashes, and text of each TypeScript file below a folder. */
async function readSources(folder: string): Promise<readonly (readonly [string, string])[]> {
  const names = await readdir(join(root, folder), { recursive: true })
  const paths = names.filter((name) => /\.tsx?$/.test(name)).map((name) => join(folder, name))
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(root, path), 'utf8')
      return [path.split(sep).join(posix.sep), text] as const
    }),
  )
}
