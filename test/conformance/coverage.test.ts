import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/** How many behaviours each of the seed's test suites has. */
const suites = { R: 10, T: 26, W: 84, WI: 4, C: 51, I: 12, M: 6, P: 9, J: 17, X: 9 } as const
const flaws = 48

const behaviours = Object.entries(suites).flatMap(([letter, count]) => numbered(letter, 1, count))

function numbered(letter: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, position) => `${letter}${first + position}`)
}

const here = fileURLToPath(new URL('.', import.meta.url))
const document = readFileSync(new URL('../../docs/differences-from-seed.md', import.meta.url), 'utf8')

/** The names of all tests in the files, as they stand in the source. */
function testNames(files: readonly string[]): string[] {
  const pattern = /^\s*test(?:\.\w+\(\w+\))?\(\s*(['"])(.*?)\1,/gm
  return files.flatMap((file) => [...readFileSync(`${here}${file}`, 'utf8').matchAll(pattern)].map(nameIn))
}

const nameIn = ([, , name = '']: RegExpMatchArray): string => name.replaceAll("\\'", "'")

const idOf = (name: string): string => name.split(' ', 1)[0] ?? ''

const unnumbered = new Set(['differences.test.ts', 'plan.test.ts', 'coverage.test.ts'])
const numberedFiles = readdirSync(here).filter((name) => name.endsWith('.test.ts') && !unnumbered.has(name))
const tested = testNames(numberedFiles).map(idOf)

/** The rows of the table under a heading, as cells. */
function tableUnder(heading: string): string[][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const table = section.split('\n').filter((line) => line.startsWith('| '))
  const end = section.indexOf('\nWhole groups')
  const rows =
    end === -1
      ? table
      : section
          .slice(0, end)
          .split('\n')
          .filter((line) => line.startsWith('| '))
  return rows.slice(1).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

/** The numbers a cell speaks of: `C6–C8, C20` is four. */
function idsIn([cell = '']: readonly string[]): string[] {
  return cell.split(', ').flatMap((part) => {
    const [, letter = '', first = '', last = first] = /^([A-Z]+)(\d+)(?:–[A-Z]+(\d+))?$/.exec(part) ?? []
    return numbered(letter, Number(first), Number(last))
  })
}

const dropped = tableUnder('Behaviours that are gone').flatMap(idsIn)
const changed = tableUnder('Behaviours that are kept and changed').flatMap(idsIn)

const byText = (left: string, right: string): number => left.localeCompare(right, 'en', { numeric: true })

describe('the behaviours of the seed', () => {
  test('each has a test or a reason why it is gone, never both and never twice', () => {
    expect([...tested, ...dropped].toSorted(byText)).toEqual(behaviours.toSorted(byText))
  })

  test('each that is said to be changed has a test that shows ours', () => {
    expect(changed).not.toEqual([])
    expect(changed.filter((id) => !tested.includes(id))).toEqual([])
    expect(new Set(changed).size).toBe(changed.length)
  })
})

describe('the flaws of the seed', () => {
  const rows = tableUnder('Deliberate differences')
  const shown = testNames(['differences.test.ts'])

  test('each has at least one row', () => {
    const ids = Array.from({ length: flaws }, (_, position) => `F-${String(position + 1).padStart(2, '0')}`)
    expect([...new Set(rows.map(([id]) => id))]).toEqual(ids)
  })

  test('each row names a test, and each test has a row', () => {
    const named = rows.map(([id, , ours]) => `${id} ${ours}`)
    expect(named.toSorted(byText)).toEqual(shown.toSorted(byText))
  })
})
