import { failedForGoodText } from '../../engine/failed-for-good-text.js'
import { failedLineages } from '../../engine/failed-lineages.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { scanDone } from '../../workspace/scan-done.js'
import type { FailedForGood } from '../protocol.js'

/**
 * Reads which finished lineages have requests that failed for good. Results are read for it, so it is done again only
 * when something else is done; calls at one time are one.
 */
export function failedForGoodReader(workspace: BatchWorkspace): () => Promise<readonly FailedForGood[]> {
  let known: { readonly mark: string; readonly found: readonly FailedForGood[] } | null = null
  let reading: Promise<readonly FailedForGood[]> | null = null
  const read = async (): Promise<readonly FailedForGood[]> => {
    const done = await scanDone(workspace)
    const mark = done.map(({ index }) => index).join()
    if (known?.mark === mark) return known.found
    const { lineages } = await failedLineages(workspace, done)
    const found = lineages.map((lineage) => failedForGoodText(lineage, workspace.root))
    known = { mark, found }
    return found
  }
  return () => {
    // What cannot be read is for `status` and `verify` to tell.
    reading ??= read()
      .catch(() => known?.found ?? [])
      .finally(() => (reading = null))
    return reading
  }
}
