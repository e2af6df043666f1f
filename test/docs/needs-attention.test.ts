import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { problemCodes } from '../../machines/index.js'
import { namesInTables, readDocument, repositoryRoot } from './markdown.js'

const explained = namesInTables(readDocument('needs-attention.md'))

describe('docs/needs-attention.md', () => {
  test('explains every problem that waits for a person, once, and no other', () => {
    expect([...explained].toSorted()).toEqual([...codesForPersons()].toSorted())
  })

  test('names only codes there are', () => {
    expect(explained.filter((code) => !problemCodes.some((known) => known === code))).toEqual([])
  })
})

/** Codes of the problems that say `needsPerson`, and those of the accounting, which says it for all of its own. */
function codesForPersons(): ReadonlySet<string> {
  const texts = ['machines', 'src'].flatMap(sourceTexts)
  const said = texts.flatMap((text) => codesIn(text, /code: '(\w+)'(?:(?!code: ')[^])*?needsPerson: true/g))
  const counted = texts.flatMap((text) => codesIn(text, /problem\(\s*findings,\s*'(\w+)'/g))
  return new Set([...said, ...counted])
}

const codesIn = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, code]) => code ?? '')

function sourceTexts(folder: string): readonly string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('testing'))
    .map((name) => readFileSync(join(repositoryRoot, folder, name), 'utf8'))
}
