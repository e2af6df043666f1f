import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quirksOf } from '../../src/providers/openai/quirks.js'
import { exampleProject, examplesOf, type ExampleProject } from './examples.js'
import { namesInTables, readDocument, repositoryRoot, sectionOf } from './markdown.js'

const document = readDocument('providers.md')
const servers = [
  ...sectionOf(document, 'What differs between servers').matchAll(/^\| ([\w-]+) \| `([^`]+)` \|.*$/gm),
]

describe('docs/providers.md', () => {
  test.each(servers.map(([row, name = '', url = '']) => ({ row, name, url })))(
    'says of $name what the table in the code says',
    ({ row, name, url }) => {
      const quirks = quirksOf(url)
      expect(quirks.name).toBe(name)
      expect(row).toBe(quirks.unsupportedReason === null ? rowOf(url) : `| ${name} | \`${url}\` |`)
    },
  )

  test('lists every server of the table in the code, once', () => {
    const source = readFileSync(join(repositoryRoot, 'src/providers/openai/quirks.ts'), 'utf8')
    const known = new Set([...source.matchAll(/\bname: '([\w-]+)'/g)].map(([, name]) => name))
    expect(servers.map(([, name]) => name).toSorted()).toEqual([...known].toSorted())
  })

  test('names every function of a provider', () => {
    const source = readFileSync(join(repositoryRoot, 'src/providers/batch-provider.ts'), 'utf8')
    const functions = [...source.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name)
    const [, provider = ''] = /^export interface BatchProvider \{$([^]*?)^\}$/m.exec(source) ?? []
    const optional = [...provider.matchAll(/^ {2}readonly (\w+)\?:\s*\|?\s*\(/gm)].map(([, name]) => name)
    expect(optional).not.toEqual([])
    expect(namesInTables(sectionOf(document, 'A provider of your own'))).toEqual([...functions, ...optional])
  })
})

describe('the example of docs/providers.md', () => {
  const examples = examplesOf(document)
  let project: ExampleProject

  beforeAll(async () => {
    project = await exampleProject()
  })
  afterAll(() => project.remove())

  test('compiles under the strictest settings and prints what it says', async () => {
    expect(examples).toHaveLength(1)
    expect(await project.compile(examples)).toBe('')
    expect(await project.run(0, {})).toBe(examples[0]?.prints)
  })
})

function rowOf(url: string): string {
  const { name, maxRequests, maxInputBytes, completionWindows, minPollDelayMs, keepsMetadata } = quirksOf(url)
  const cells = [
    name,
    `\`${url}\``,
    maxRequests.toLocaleString('en-US'),
    `${maxInputBytes / 1_000_000} MB`,
    completionWindows.join(', '),
    minPollDelayMs === 0 ? '–' : `${minPollDelayMs / 1_000} s`,
    keepsMetadata ? 'yes' : 'no',
  ]
  return `| ${cells.join(' | ')} |`
}
