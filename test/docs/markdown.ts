import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's folder, absolute. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url))

export function readDocument(name: string): string {
  return readFileSync(`${repositoryRoot}/docs/${name}`, 'utf8')
}

/** A part of a document: what stands under one `##` heading, without those below it. */
export interface Section {
  readonly title: string
  readonly text: string
}

export function sectionsOf(document: string): readonly Section[] {
  return document
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return { title: part.slice(0, end).trim(), text: part.slice(end + 1) }
    })
}

/** The section of that title; the test fails when the document has none. */
export function sectionOf(document: string, title: string): string {
  const section = sectionsOf(document).find((one) => one.title === title)
  if (section === undefined) throw new Error(`The document has no section "${title}".`)
  return section.text
}

/** The names in the first column of all tables: `` | `name` | … ``. Several may stand in one cell. */
export function namesInTables(text: string): readonly string[] {
  const cells = [...text.matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell]) => cell ?? '')
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''))
}
