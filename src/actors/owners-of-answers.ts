import type { Problem } from '../../machines/index.js'
import { readRows } from '../accounting/read-rows.js'
import type { RowSample } from '../accounting/triple-accounting.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone } from '../workspace/scan-done.js'
import { scanWorkspace } from '../workspace/scan.js'

/** Shared by all triples of a run: finds out whose requests the answers are that belong to none of their own triple's. */
export interface OwnersOfAnswers {
  /**
   * The problem of a triple whose ids do not match, with the one other triple that has all of the strange ids that were
   * kept; unchanged where there is none, or where several have them. Never rejects for what it could not read.
   */
  explained(workspace: BatchWorkspace, problem: Problem, signal: AbortSignal): Promise<Problem>
}

/** Inputs that are looked into for one triple, those beside it first. */
const mostInputs = 20

/** Bytes of inputs that are read for this in one run: a folder of a thousand mismatches must not read itself a thousand times. */
const mostBytes = 512 * 1024 * 1024

export function ownersOfAnswers(): OwnersOfAnswers {
  let bytesLeft = mostBytes
  return {
    async explained(workspace, problem, signal) {
      const { index } = problem.facts ?? {}
      const ids = strangeIds(problem)
      if (ids.length === 0 || typeof index !== 'string') return problem
      const owners: BatchIndex[] = []
      for (const input of await inputsBeside(workspace, index)) {
        const bytes = (await workspace.fileSystem.stat(input.path))?.bytes ?? 0
        if (bytes > bytesLeft) continue
        bytesLeft -= bytes
        if (await hasAll(workspace, input, ids, signal)) owners.push(input.index)
        if (owners.length > 1) break
      }
      const [owner, second] = owners
      return owner === undefined || second !== undefined ? problem : told(problem, owner, ids.length)
    },
  }
}

/** Longer ids are cut where they are kept as examples. */
const longestId = 90

function strangeIds({ code, facts }: Problem): readonly string[] {
  const samples = facts?.['samples'] as { readonly unknown?: readonly RowSample[] } | undefined
  if (code !== 'RequestIdsMismatch') return []
  const ids = (samples?.unknown ?? []).flatMap(({ id }) => (id === null || id.length > longestId ? [] : [id]))
  return [...new Set(ids)]
}

interface Input {
  readonly index: BatchIndex
  readonly path: string
}

/** Of other triples, in `workdir/` and in `done/`, in the order of their distance. */
async function inputsBeside(workspace: BatchWorkspace, index: BatchIndex): Promise<readonly Input[]> {
  const triples = [...(await scanWorkspace(workspace)).triples, ...(await scanDone(workspace))]
  const inputs = triples.flatMap((triple) =>
    triple.input === null ? [] : [{ index: triple.index, path: triple.input }],
  )
  const at = inputs.findIndex((input) => input.index === index)
  return inputs
    .map((input, position) => ({ input, distance: Math.abs(position - at) }))
    .filter(({ input }) => input.index !== index)
    .toSorted((left, right) => left.distance - right.distance)
    .slice(0, mostInputs)
    .map(({ input }) => input)
}

async function hasAll(
  { fileSystem }: BatchWorkspace,
  { index, path }: Input,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const left = new Set(ids)
  try {
    await readRows({
      fs: fileSystem,
      path,
      signal,
      index,
      kind: 'input',
      onRow: ({ id }) => {
        left.delete(id)
        return undefined
      },
      onUnreadable: () => {},
    })
    return left.size === 0
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code !== 'Interrupted') return false
    throw error
  }
}

function told(problem: Problem, owner: BatchIndex, looked: number): Problem {
  const which = looked === 1 ? 'the one that was looked for is' : `all ${looked} that were looked for are`
  return {
    ...problem,
    message: `${problem.message.replace(/\.$/, '')}. They seem to be answers to triple ${owner}: ${which} among its requests.`,
    facts: { ...problem.facts, owner },
  }
}
