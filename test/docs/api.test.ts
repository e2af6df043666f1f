import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as machines from '../../machines/index.js'
import * as bullmq from '../../src/bullmq/index.js'
import * as inspect from '../../src/inspect/index.js'
import * as library from '../../src/index.js'
import * as testing from '../../src/testing/index.js'
import { exampleProject, examplesOf, filesIn, type ExampleProject } from './examples.js'
import { namesInTables, readDocument, repositoryRoot, sectionOf } from './markdown.js'

const document = readDocument('api.md')

const doors = [
  { name: 'batch-reconciler', path: 'src/index.ts', exported: library },
  { name: 'batch-reconciler/machines', path: 'machines/index.ts', exported: machines },
  { name: 'batch-reconciler/inspect', path: 'src/inspect/index.ts', exported: inspect },
  { name: 'batch-reconciler/bullmq', path: 'src/bullmq/index.ts', exported: bullmq },
  { name: 'batch-reconciler/testing', path: 'src/testing/index.ts', exported: testing },
]

describe.each(doors)('docs/api.md and $name', ({ name, path, exported }) => {
  const names = namesInTables(sectionOf(document, `Exports of \`${name}\``))

  test('every export is listed once, types too, and nothing that is not there', () => {
    expect([...names].toSorted()).toEqual([...exportsOf(path)].toSorted())
  })

  test('the reading of the source finds what the module really exports', () => {
    expect(exportsOf(path)).toEqual(expect.arrayContaining(Object.keys(exported)))
  })
})

describe('the options in docs/api.md', () => {
  test.each(['ReconcileOptions', 'ReconcileWorkspaceOptions', 'WatchOptions', 'SubmitOptions'])(
    'every field of %s is explained',
    (name) => {
      const explained = namesInTables(sectionOf(document, 'Options'))
      expect(fieldsOf(name).filter((field) => !explained.includes(field))).toEqual([])
    },
  )
})

describe('the examples of docs/api.md', () => {
  const examples = examplesOf(document)
  const files = filesIn(document)
  let project: ExampleProject

  beforeAll(async () => {
    project = await exampleProject()
  })
  afterAll(() => project.remove())

  test('every program says what it prints', () => {
    expect(examples).toHaveLength(document.split('```ts\n').length - 1)
    expect(Object.keys(files)).toHaveLength(3)
  })

  test('they compile under the strictest settings', async () => {
    expect(await project.compile(examples)).toBe('')
  })

  test.each(examples.map(({ title, prints }, position) => ({ title, prints, position })))(
    'the one under $title prints what it says',
    async ({ prints, position }) => {
      expect(await project.run(position, files)).toBe(prints)
    },
  )
})

function sourceOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8')
}

/** Names in `export { … } from`, `export type { … } from` and `export * as … from`. */
function exportsOf(path: string): readonly string[] {
  const source = sourceOf(path)
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, list]) => list ?? '')
  const listed = lists.flatMap((list) => list.split(',').map((name) => name.trim().replace(/^type /, '')))
  const namespaces = [...source.matchAll(/^export \* as (\w+)/gm)].map(([, name]) => name ?? '')
  return [...listed.filter((name) => name !== ''), ...namespaces]
}

/** The fields an interface of the engine declares itself. */
function fieldsOf(name: string): readonly string[] {
  const sources = ['options', 'watch-workspace', 'submit-requests'].map((file) =>
    sourceOf(`src/engine/${file}.ts`),
  )
  const body = new RegExp(`^export interface ${name} [^]*?^}`, 'm').exec(sources.join('\n'))?.[0] ?? ''
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field ?? '')
}
