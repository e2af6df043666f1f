import type { BatchIndex } from '../../workspace/batch-index.js'
import { parseBatchIndex } from '../../workspace/batch-index.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { listOrNothing, scanWorkspace } from '../../workspace/scan.js'
import { scanDone } from '../../workspace/scan-done.js'

/** A triple of which is known what its requests are: its input stands, or its register is left. */
export interface KnownTriple {
  readonly index: BatchIndex
  readonly place: 'workdir' | 'done' | 'gone'
  /** Absolute path of the input; `null` when only the register is left. */
  readonly input: string | null
  /** Absolute path of where its metadata stands, or would stand. */
  readonly metadata: string
  /** Answers stand beside the input in `workdir/`. */
  readonly hasAnswers: boolean
}

/** All of them, from three listings: those in `workdir/` first, then `done/`, then those whose files are gone. */
export async function knownTriples(workspace: BatchWorkspace): Promise<readonly KnownTriple[]> {
  const { layout } = workspace
  const known = new Map<BatchIndex, KnownTriple>()
  /** Metadata move last: where a move was cut short, they stand here and the input in `done/`. */
  const leftBehind = new Map<BatchIndex, string>()
  for (const { index, input, output, error, metadata } of (await scanWorkspace(workspace)).triples) {
    if (input === null) {
      if (metadata !== null) leftBehind.set(index, metadata)
      continue
    }
    const hasAnswers = output !== null || error !== null
    const path = metadata ?? layout.workdirFile('metadata', index)
    known.set(index, { index, place: 'workdir', input, metadata: path, hasAnswers })
  }
  for (const { index, input } of await scanDone(workspace)) {
    if (input === null || known.has(index)) continue
    known.set(index, { ...finished(workspace, index, leftBehind), place: 'done', input })
  }
  for (const { name } of await listOrNothing(workspace, layout.logs)) {
    const index = parseBatchIndex(/^batch_requests_(.+)\.bin$/.exec(name)?.[1] ?? '')
    if (index !== null && !known.has(index)) known.set(index, finished(workspace, index, leftBehind))
  }
  return [...known.values()]
}

function finished(
  { layout }: BatchWorkspace,
  index: BatchIndex,
  leftBehind: ReadonlyMap<BatchIndex, string>,
): KnownTriple {
  const metadata = leftBehind.get(index) ?? layout.doneFile('metadata', index)
  return { index, place: 'gone', input: null, metadata, hasAnswers: false }
}
