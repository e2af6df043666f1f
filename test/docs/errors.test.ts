import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { problemCodes, type Problem } from '../../machines/index.js'
import { namesInTables, readDocument, repositoryRoot, sectionOf, sectionsOf } from './markdown.js'

const document = readDocument('errors.md')
const reserved = namesInTables(sectionOf(document, 'Reserved'))
const explained = sectionsOf(document)
  .filter(({ title }) => title !== 'Reserved')
  .flatMap(({ text }) => namesInTables(text))
const raised = raisedCodes()

describe('docs/errors.md', () => {
  test('every code is explained, once', () => {
    expect([...explained, ...reserved].toSorted()).toEqual([...problemCodes].toSorted())
  })

  test('every code it explains is raised somewhere', () => {
    expect(explained.filter((code) => !raised.has(code))).toEqual([])
  })

  test('no code it calls reserved is raised', () => {
    expect(reserved.filter((code) => raised.has(code))).toEqual([])
  })

  test('every row says what to do and whether the problem passes', () => {
    const rows = document.split('\n').filter((line) => /^\| `[A-Z]/.test(line))
    const wrong = rows.filter((row) => row.split(' | ').length < (isReserved(row) ? 2 : 5))
    expect(wrong).toEqual([])
  })

  test('the fields of a problem are all listed', () => {
    const fields: Record<keyof Problem, true> = {
      code: true,
      message: true,
      hint: true,
      isPassing: true,
      hasBeenRetried: true,
      needsPerson: true,
      retryAfterMs: true,
      causeMessage: true,
      facts: true,
    }
    const [introduction = ''] = document.split(/^## /m)
    expect(namesInTables(introduction).toSorted()).toEqual([...Object.keys(fields), 'index'].toSorted())
  })
})

const isReserved = (row: string): boolean => reserved.some((code) => row.startsWith(`| \`${code}\``))

/** Codes that stand as a string in code; comments and the list itself do not count. */
function raisedCodes(): ReadonlySet<string> {
  const code = ['machines', 'src'].flatMap((folder) => sourceFiles(folder)).map(withoutComments)
  return new Set(problemCodes.filter((name) => code.some((text) => text.includes(`'${name}'`))))
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'problem.ts' && !name.startsWith('testing'))
    .map((name) => join(repositoryRoot, folder, name))
}

function withoutComments(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
}
