import { basename } from 'node:path'
import type { ImportedFile, ImportReport } from '../../engine/import/import-files.js'
import { countOf, countText } from '../../units.js'
import { shellWord } from '../../workspace/shell-word.js'
import { problemLines } from './problem-lines.js'
import type { Style } from './style.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { cutToWidth, terminalText } from './terminal-text.js'

/** What `--json` prints of a file. */
export function importJson({
  path,
  kind,
  rows,
  unreadable,
  fate,
  index,
  matched,
  why,
  whatToDo,
}: ImportedFile): object {
  return { path, kind, rows, unreadable, fate, index, matched, why, what_to_do: whatToDo }
}

/** What became of each file, one line a file. */
export function importTable(files: readonly ImportedFile[], options: TableOptions): Iterable<string> {
  return tableLines(columns, files, options)
}

const nothing = '–'

const number = (
  title: string,
  countIn: (file: ImportedFile) => number | null,
): TableColumn<ImportedFile> => ({
  title,
  isNumber: true,
  text: (file) => {
    const count = countIn(file)
    return count === null ? nothing : countText(count)
  },
})

const columns: readonly TableColumn<ImportedFile>[] = [
  { title: 'file', text: ({ path }) => terminalText(basename(path)) },
  { title: 'holds', text: ({ kind }) => kind },
  number('rows', ({ rows }) => rows),
  { title: 'triple', text: ({ index }) => (index === null ? nothing : terminalText(index)) },
  number('matched', ({ matched }) => matched),
  { title: 'what', text: ({ fate }) => fateWords[fate] },
]

/** What became of something that was to be brought in. */
export const fateWords = { imported: 'imported', here: 'here already', 'left-over': 'left over' } as const

/** In columns; paths may be long, and many. */
const longestWhy = 2_000
const mostTold = 50

/** Why files were left over, totals, and what to do next. */
export function importSummary(
  { files, triples, isDryRun }: ImportReport,
  root: string,
  style: Style,
): string {
  const refused = triples.flatMap(({ index, problem }) => (problem === null ? [] : [{ index, problem }]))
  const left = files.filter(({ fate, index }) => fate === 'left-over' && index === null)
  const made = triples.filter(({ result }) => result === 'imported').length
  const here = triples.filter(({ result }) => result === 'here').length
  const verb = isDryRun ? 'would be imported' : 'imported'
  const told = left.slice(0, mostTold).flatMap(({ isMissed, why, whatToDo }) => {
    const text = terminalText(cutToWidth(why ?? '', longestWhy))
    const line = isMissed ? `${style.bad('✗')} ${text}` : `· ${text}`
    return whatToDo === null ? [line] : [line, `  → ${terminalText(whatToDo)}`]
  })
  return [
    ...problemLines(refused, style),
    ...told,
    ...(left.length > mostTold
      ? [`… and ${countOf(left.length - mostTold, 'more file')}; \`--json\` shows all.`]
      : []),
    files.length === 0
      ? 'No files there.'
      : `${countOf(files.length, 'file')}: ${countOf(made, 'triple')} ${verb}, ${countText(here)} here already, ${countOf(left.length, 'file')} left over.`,
    ...(made > 0 && !isDryRun ? [`Next: batch-reconciler run ${shellWord(root)}`] : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
}
