import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileSystem } from '../workspace/file-system.js'
import { removeIfThere } from '../workspace/remove-if-there.js'
import type { AccountedTriple } from './account.js'
import type { RequestLedger } from './request-ledger.js'

/** One line of `failed-items/batch_missing_<index>.jsonl`. */
export interface MissingRequest {
  readonly custom_id: string
  /** Of the input file, from 1. */
  readonly input_line: number
}

/** Written at once, in requests: bounds the memory, and a write for each would cost more than the line. */
const requestsPerWrite = 1_000

/**
 * Keeps the ids of all requests without an answer, in input order, replacing the whole file, when the triple stops for
 * want of them. Removes the file once every request has its answer: it is about this triple alone, and was ours.
 */
export async function writeMissingRequests(
  fs: FileSystem,
  path: string,
  { accounting, ledger }: AccountedTriple,
): Promise<void> {
  const { counts, verdict, index } = accounting
  const isStopped = verdict.type === 'ids-missing' || verdict.type === 'mismatch'
  if (counts.missing > 0 && isStopped) {
    await writeFileDurably(fs, path, missingLines(ledger)).catch(
      asFileProblem({ path, action: 'write', index }),
    )
  } else if (counts.missing === 0 && (await fs.stat(path)) !== null) {
    // Most triples have none; to be told so by a removal that fails costs more than to ask.
    await removeIfThere(fs, path).catch(asFileProblem({ path, action: 'remove', index }))
  }
}

// oxlint-disable-next-line require-await -- the writer takes what arrives in pieces, and these are at hand
async function* missingLines(ledger: RequestLedger): AsyncGenerator<Uint8Array, void, undefined> {
  let lines: string[] = []
  for (const ordinal of ledger.missing()) {
    lines.push(missingLine(ledger, ordinal))
    if (lines.length < requestsPerWrite) continue
    yield Buffer.from(lines.join(''))
    lines = []
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''))
}

function missingLine(ledger: RequestLedger, ordinal: number): string {
  const missing: MissingRequest = {
    custom_id: ledger.idAt(ordinal),
    input_line: ledger.inputAt(ordinal).line,
  }
  return `${JSON.stringify(missing)}\n`
}
