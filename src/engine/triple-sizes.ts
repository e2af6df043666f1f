import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'

/** Bytes of the data files of triples, by index; one that was not measured is not in it. */
export type TripleSizes = ReadonlyMap<string, number>

/** Above this many triples those that only wait are not measured: a poll must not ask the disk for each of them. */
const mostWaitingToMeasure = 20_000

/** Looks up how large the data files of the triples are. */
export async function measureTriples(
  { fileSystem }: BatchWorkspace,
  triples: readonly BatchFileTriple[],
): Promise<TripleSizes> {
  const sizes = new Map<string, number>()
  for (const triple of triples) {
    if (triples.length > mostWaitingToMeasure && !hasAnswers(triple)) continue
    let bytes = 0
    for (const path of [triple.input, triple.output, triple.error]) {
      if (path === null) continue
      bytes += (await fileSystem.stat(path).catch(() => null))?.bytes ?? 0
    }
    sizes.set(triple.index, bytes)
  }
  return sizes
}

/** All of them together, for a progress display. */
export function totalBytesOf(sizes: TripleSizes): number {
  let total = 0
  for (const bytes of sizes.values()) total += bytes
  return total
}

/**
 * Small enough that it mostly waits for the disk: it may be at work beside others. What still has to come from a server
 * may have any size.
 */
export function isSmall(triple: BatchFileTriple, sizes: TripleSizes): boolean {
  return hasAnswers(triple) && (sizes.get(triple.index) ?? Infinity) <= mostBytesOfSmall
}

const mostBytesOfSmall = 256 * 1024

const hasAnswers = ({ output, error }: BatchFileTriple): boolean => output !== null || error !== null
