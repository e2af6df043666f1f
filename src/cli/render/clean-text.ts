import type { CleanedFile, CleanedTriple, CleanReport } from '../../engine/clean/clean-server.js'
import { countOf, countText } from '../../units.js'
import { errorJson } from './json-lines.js'
import { problemLines } from './problem-lines.js'
import type { Style } from './style.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'

/** What `--json` prints of a triple. */
export function cleanJson({ index, fate, files, why, problem }: CleanedTriple): object {
  const told = files.map(({ kind, fileId, fate: fateOfFile }) => ({
    kind,
    file_id: fileId,
    fate: fateOfFile,
  }))
  return { index, fate, files: told, why, error: errorJson(problem) }
}

/** What became of the files of each triple, one line a triple. */
export function cleanTable(triples: readonly CleanedTriple[], options: TableOptions): Iterable<string> {
  return tableLines(columns, triples, options)
}

const fileWords: Readonly<Record<CleanedFile['fate'], string>> = {
  deleted: 'deleted',
  gone: 'gone before',
  'in-use': 'in use',
  left: 'left',
}

const fileColumn = (kind: CleanedFile['kind']): TableColumn<CleanedTriple> => ({
  title: kind,
  text: ({ files }) => {
    const fates = files.filter((file) => file.kind === kind).map(({ fate }) => fileWords[fate])
    return [...new Set(fates)].join(', ') || '–'
  },
})

const columns: readonly TableColumn<CleanedTriple>[] = [
  { title: 'index', text: ({ index }) => terminalText(index) },
  fileColumn('input'),
  fileColumn('output'),
  fileColumn('error'),
  { title: 'what', text: ({ fate }) => (fate === 'clean' ? 'nothing there' : fate) },
]

const mostTold = 20

/** What was kept and why, and totals. */
export function cleanSummary({ triples, isDryRun }: CleanReport, style: Style): string {
  const whys = triples.flatMap(({ index, why }) =>
    why === null ? [] : [`· ${terminalText(`${index}: ${why}`)}`],
  )
  const more =
    whys.length > mostTold ? [`… and ${countText(whys.length - mostTold)} more; \`--json\` shows all.`] : []
  const countFate = (fate: CleanedTriple['fate']): string =>
    countText(triples.filter((triple) => triple.fate === fate).length)
  const files = triples.flatMap((triple) => triple.files)
  const deleted = files.filter(({ fate }) => fate === 'deleted').length
  const verb = isDryRun ? 'would be ' : ''
  const total =
    triples.length === 0
      ? 'No triples in done/: nothing to clean.'
      : `${countOf(triples.length, 'triple')} in done/: ${countFate('cleaned')} ${verb}cleaned, ${countFate('kept')} ${verb}kept, ${countFate('clean')} with nothing there; ${countOf(deleted, 'file')} ${verb}deleted.`
  return [...problemLines(triples, style), ...whys.slice(0, mostTold), ...more, total]
    .map((line) => `${line}\n`)
    .join('')
}
