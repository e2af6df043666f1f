import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'

/** Above this many triples the sizes are not looked up: nobody waits for a percentage that long. */
const mostTriplesToMeasure = 20_000

/** Bytes of all data files of the triples together, for a progress display; 0 when there are too many to ask. */
export async function totalBytesOf(
  { fileSystem }: BatchWorkspace,
  triples: readonly BatchFileTriple[],
): Promise<number> {
  if (triples.length > mostTriplesToMeasure) return 0
  let total = 0
  for (const path of triples.flatMap(({ input, output, error }) => [input, output, error])) {
    if (path === null) continue
    total += (await fileSystem.stat(path).catch(() => null))?.bytes ?? 0
  }
  return total
}
