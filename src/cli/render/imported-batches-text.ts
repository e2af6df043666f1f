import { isEndedStatus } from '../../../machines/index.js'
import type { ImportBatchesReport, ImportedBatch } from '../../engine/import/import-batches.js'
import { countOf, countText } from '../../units.js'
import { shellWord } from '../../workspace/shell-word.js'
import { fateWords } from './import-text.js'
import { errorJson } from './json-lines.js'
import { problemLines } from './problem-lines.js'
import type { Style } from './style.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'

/** What `--json` prints of a batch. */
export function importedBatchJson({
  batchId,
  fate,
  index,
  remoteStatus,
  requests,
  fetched,
  problem,
}: ImportedBatch): object {
  const told = { batch_id: batchId, fate, index, remote_status: remoteStatus, requests, fetched }
  return { ...told, error: errorJson(problem) }
}

/** What became of each batch, one line a batch. */
export function importedBatchTable(
  batches: readonly ImportedBatch[],
  options: TableOptions,
): Iterable<string> {
  return tableLines(columns, batches, options)
}

const nothing = '–'

const columns: readonly TableColumn<ImportedBatch>[] = [
  { title: 'batch', text: ({ batchId }) => terminalText(batchId) },
  { title: 'server says', text: ({ remoteStatus }) => terminalText(remoteStatus ?? nothing) },
  {
    title: 'requests',
    isNumber: true,
    text: ({ requests }) => (requests === null ? nothing : countText(requests)),
  },
  { title: 'fetched', text: ({ fetched }) => fetched.join(', ') || nothing },
  { title: 'triple', text: ({ index }) => (index === null ? nothing : terminalText(index)) },
  { title: 'what', text: ({ fate }) => fateWords[fate] },
]

/** Why batches were left over, totals, and what to do next. */
export function importedBatchesSummary(
  { batches, isDryRun }: ImportBatchesReport,
  root: string,
  style: Style,
): string {
  const countFate = (fate: ImportedBatch['fate']): number => batches.filter((one) => one.fate === fate).length
  const made = countFate('imported')
  const troubled = batches.map(({ batchId, index, problem }) => ({ index: index ?? batchId, problem }))
  const total = batches.length === 1 ? '1 batch' : `${countText(batches.length)} batches`
  const isWaiting = batches.some(
    ({ fate, remoteStatus }) => fate === 'imported' && !isEndedStatus(remoteStatus),
  )
  const verb = isDryRun ? 'would be imported' : 'imported'
  return [
    ...problemLines(troubled, style),
    `${total}: ${countOf(made, 'triple')} ${verb}, ${countText(countFate('here'))} here already, ${countText(countFate('left-over'))} left over.`,
    ...(made > 0 && !isDryRun
      ? [`Next: batch-reconciler ${isWaiting ? 'watch' : 'run'} ${shellWord(root)}`]
      : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
}
