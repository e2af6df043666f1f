import type { FileSystem } from '../../workspace/file-system.js'
import { IdTable } from '../id-table.js'
import { readRows } from '../read-rows.js'
import { nowhere, readResultLine } from '../rows/result-line.js'
import { answerKey, paidRowOf } from './paid-row.js'
import { UsageTally, type Usage } from './usage-tally.js'

/** Files of one batch that hold answers. */
export interface UsageSources {
  readonly fs: FileSystem
  readonly index: string
  readonly files: readonly { readonly kind: 'output' | 'error'; readonly path: string }[]
  readonly endpoint: string | null
  readonly signal: AbortSignal
}

/**
 * Adds up the tokens of every answer in these files, good or not: what was cut, refused or replaced by a later download was
 * paid for as well. The same answer in two of them, or twice in one, counts once. Memory is bounded but for the names of
 * the answers.
 */
export async function readUsage({ files, endpoint, ...rest }: UsageSources): Promise<Usage> {
  const tally = new UsageTally()
  const seen = new IdTable()
  for (const file of files) {
    await readRows({
      ...rest,
      ...file,
      onRow: (row) => {
        const line = readResultLine(row.value, nowhere, row)
        if (seen.addNew(answerKey(row.id, line))) tally.addRow(paidRowOf(line), endpoint)
        return undefined
      },
      onUnreadable: () => tally.addUntold(),
    })
  }
  return tally.usage
}
