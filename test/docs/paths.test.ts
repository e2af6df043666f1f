import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repositoryRoot } from './markdown.js'

const documents = ['README.md', ...markdownFiles('docs'), ...markdownFiles('.github')]

describe.each(documents)('%s', (name) => {
  const text = readFileSync(join(repositoryRoot, name), 'utf8')

  test('links to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '')
    const local = links.filter((target) => !/^[a-z]+:/.test(target))
    expect(local.filter((target) => !leadsSomewhere(name, target))).toEqual([])
  })

  test('names files and folders of this repository that exist', () => {
    const named = [...text.matchAll(/`((?:src|machines|test|docs)\/[\w./-]*)`/g)].map(
      ([, path]) => path ?? '',
    )
    expect(named.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([])
  })
})

describe('docs/decisions', () => {
  const decisions = markdownFiles('docs/decisions')

  test('are numbered without gaps', () => {
    const numbers = decisions.map((path) => Number(path.replace(/^.*\/(\d{4})-.*$/, '$1')))
    expect(numbers).toEqual(numbers.map((_, position) => position + 1))
  })

  test.each(decisions)('%s has a question, a choice, reasons and a price', (path) => {
    const text = readFileSync(join(repositoryRoot, path), 'utf8')
    expect(
      [...text.matchAll(/^\*\*(Question|Choice|Reasons|Price)\.\*\*/gm)].map(([, part]) => part),
    ).toEqual(['Question', 'Choice', 'Reasons', 'Price'])
  })
})

function markdownFiles(folder: string): readonly string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
    .toSorted()
}

function leadsSomewhere(document: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? document : join(dirname(document), file)
  const absolute = resolve(repositoryRoot, path)
  if (!existsSync(absolute)) return false
  return anchor === undefined || anchorsOf(readFileSync(absolute, 'utf8')).includes(anchor)
}

/** As GitHub makes them: lower case, words joined by hyphens, everything else left out. */
function anchorsOf(text: string): readonly string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? '')
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
