import { IdTable } from '../../accounting/id-table.js'
import { readRows } from '../../accounting/read-rows.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { isNamedAlike, type LooseFile } from './loose-file.js'

/** How a file of answers fits a file of requests, counted. */
export interface Fit {
  readonly input: LooseFile
  readonly answers: LooseFile
  /** Requests of the input, each id once. */
  readonly requests: number
  /** Of these, how many it answers. */
  readonly matched: number
  /** Its rows that answer no request of the input. */
  readonly unknown: number
}

/** Whether every row of the answers is for a request of the input. */
export const isWhole = ({ unknown, matched }: Fit): boolean => unknown === 0 && matched > 0

/**
 * What is known of a file fits in two inputs already is in doubt; only one that is named like the file can end that. Of
 * inputs that have some of its ids and not all, a few are counted, to be told.
 */
const mostWhole = 2
const mostPartial = 3

/**
 * Which answers fit which requests. An input that has none of the ids in a file's sample is not counted with it; the rest
 * is counted, one input at a time: memory is that of the ids of the largest input, and a file is read a few times, however
 * many inputs there are.
 */
export async function findFits(
  fs: FileSystem,
  inputs: readonly LooseFile[],
  answers: readonly LooseFile[],
  signal: AbortSignal,
): Promise<readonly Fit[]> {
  const fits: Fit[] = []
  const counted = new Map(answers.map((file) => [file, { whole: 0, partial: 0 }]))
  for (const input of answers.length === 0 ? [] : inputs) {
    const ids = new IdTable()
    await eachId(fs, input, signal, (id) => void ids.add(id))
    for (const [file, count] of counted) {
      const known = file.sample.filter((id) => ids.find(id) !== -1).length
      if (known === 0) continue
      const mayBeWhole = known === file.sample.length
      const isWorthIt = mayBeWhole
        ? count.whole < mostWhole || isNamedAlike(file, input)
        : count.partial < mostPartial
      if (!isWorthIt) continue
      const fit = await fitOf(fs, { input, answers: file, ids }, signal)
      if (fit.unknown === 0) count.whole += 1
      else count.partial += 1
      fits.push(fit)
    }
  }
  return fits
}

async function fitOf(
  fs: FileSystem,
  { input, answers, ids }: Pick<Fit, 'input' | 'answers'> & { readonly ids: IdTable },
  signal: AbortSignal,
): Promise<Fit> {
  const isAnswered = new Uint8Array(ids.size)
  let [matched, unknown] = [0, 0]
  await eachId(fs, answers, signal, (id) => {
    const ordinal = ids.find(id)
    if (ordinal === -1) unknown += 1
    else if (isAnswered[ordinal] === 0) {
      isAnswered[ordinal] = 1
      matched += 1
    }
  })
  return { input, answers, requests: ids.size, matched, unknown }
}

async function eachId(
  fs: FileSystem,
  { path }: LooseFile,
  signal: AbortSignal,
  take: (id: string) => void,
): Promise<void> {
  await readRows({
    fs,
    path,
    signal,
    index: path,
    kind: 'output',
    onRow: ({ id }) => {
      take(id)
      return undefined
    },
    onUnreadable: () => {},
  })
}
