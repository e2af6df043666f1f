import { rowClassTraits } from '../../../machines/index.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { diskProblemOf } from './disk-problem.js'
import { readStoredLines } from '../results/stored-rows.js'
import type { ResultRow } from '../rows/result-row.js'
import { idHash, inWords, requestHashAt } from './request-identity.js'
import type { RequestTable } from './request-table.js'

/**
 * How a request stands that a triple holds: `pending` is on its way or meant to be; `answered` has its answer in the
 * results; `without-results` was sent, and nothing shows that it failed: it counts as answered.
 */
export type Standing = 'pending' | 'answered' | 'without-results'

/**
 * Looks up in the results of a lineage what became of these requests of it. `null` for one that failed for good and
 * that nobody tries again: nothing was paid. Memory: the requests asked for.
 *
 * @param requests numbers in the table, all of one lineage
 */
export async function standingsIn(
  fs: FileSystem,
  resultsPath: string,
  table: RequestTable,
  requests: readonly number[],
  warn: (message: string) => void,
): Promise<ReadonlyMap<number, Standing | null>> {
  const standings = new Map<number, Standing | null>(requests.map((ordinal) => [ordinal, 'without-results']))
  const byId = new Map(requests.map((ordinal) => [idKey(table, ordinal), ordinal]))
  const readRows = async (): Promise<void> => {
    if ((await fs.stat(resultsPath)) === null) return
    for await (const stored of readStoredLines(fs, resultsPath)) {
      if (stored.type !== 'row') continue
      const ordinal = byId.get(keyOfId(stored.row.custom_id))
      if (ordinal !== undefined) standings.set(ordinal, standingOf(stored.row))
    }
  }
  const failure = await diskProblemOf(readRows())
  if (failure !== null)
    warn(`${resultsPath} cannot be read, so its requests count as answered: ${failure.message}`)
  return standings
}

function standingOf({ outcome, retry }: ResultRow): Standing | null {
  if (retry !== undefined) return 'pending'
  return rowClassTraits[outcome].isAnswered ? 'answered' : null
}

/** The hash of an id as a number: 53 bits of it tell the ids of one lineage apart. */
function idKey(table: RequestTable, ordinal: number): number {
  return keyOf(table.word(ordinal, 0), table.word(ordinal, 1))
}

/** The hash of an id as a number. */
export function keyOfId(customId: string): number {
  const words = inWords([idHash(customId)])
  return keyOf(words[0] ?? 0, words[requestHashAt - 1] ?? 0)
}

/** As `keyOfId`, from the first two words of a request's identity. */
export const keyOf = (low: number, high: number): number => low + (high & 0x1f_ffff) * 2 ** 32
