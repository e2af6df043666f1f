import { basename } from 'node:path'
import type { Problem } from '../../../machines/index.js'
import type { JsonObject } from '../../accounting/decode-line.js'
import { strangeRow } from '../../accounting/dialect.js'
import type { FoundDialect } from '../../accounting/triple-accounting.js'
import { readRows, type Row } from '../../accounting/read-rows.js'
import { asRecord } from '../../accounting/rows/json-record.js'
import { isBatchReconciliationError } from '../../errors.js'
import { parseBatchFileName } from '../../workspace/file-names.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { IdSample } from './id-sample.js'

/** What a file holds, told by its lines and not by its name. */
export type LooseKind =
  | 'requests'
  /** At least one of them is an answer of the endpoint. */
  | 'answers'
  /** Answers of which none went well: what servers write to the error file. */
  | 'failures'
  /** Some lines are requests and some are answers. */
  | 'mixed'
  | 'other'

/** A file of any name, as it was read once. */
export interface LooseFile {
  /** Absolute. */
  readonly path: string
  readonly kind: LooseKind
  readonly bytes: number
  readonly sha256: string
  /** Lines with an id. */
  readonly rows: number
  /** Lines that nobody can read as a row. */
  readonly unreadable: number
  /** What it seems to be where it is of another kind, such as `one JSON array`; or why it could not be read. */
  readonly looks: string | null
  /** What to do where it is written in another way; a sentence without its full stop. */
  readonly cure: string | null
  readonly problem: Problem | null
  /** Some of its ids: all of them where there are few. */
  readonly sample: readonly string[]
  /** Ids of batches in its name, as servers' web pages give them: `batch_68a1f0_output.jsonl`. */
  readonly batchIds: readonly string[]
}

/** Whether it holds what a server writes, good or not. */
export const hasAnswers = ({ kind }: LooseFile): boolean => kind === 'answers' || kind === 'failures'

/** Whether both names have the id of one batch, or one index. */
export function isNamedAlike(one: LooseFile, other: LooseFile): boolean {
  const [left, right] = [one, other].map(({ path }) => parseBatchFileName(basename(path)))
  const hasIndex = left?.type === 'batch-file' && right?.type === 'batch-file' && left.index === right.index
  return hasIndex || one.batchIds.some((id) => other.batchIds.includes(id))
}

/** Reads a file from its first byte to its last. Memory does not grow with it. A file that cannot be read is told as one. */
export async function readLooseFile(fs: FileSystem, path: string, signal: AbortSignal): Promise<LooseFile> {
  const lines = new LineKinds(path)
  const batchIds = batchIdsIn(basename(path))
  try {
    const read = await readRows({
      fs,
      path,
      signal,
      index: basename(path),
      kind: 'output',
      onRow: (row) => {
        lines.add(row)
        return undefined
      },
      onUnreadable: () => {},
    })
    const { bytes, sha256, rows } = read
    const unreadable = read.lines - rows
    const strange = lines.strange ?? read.dialect
    const looks = strange?.name ?? (read.lines === 0 ? 'an empty file' : null)
    return {
      path,
      kind: lines.kind,
      bytes,
      sha256,
      rows,
      unreadable,
      looks,
      cure: strange?.cure ?? null,
      problem: null,
      sample: lines.sample,
      batchIds,
    }
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    const { problem } = error
    const nothing = { bytes: 0, sha256: '', rows: 0, unreadable: 0, sample: [] }
    return { path, kind: 'other', ...nothing, looks: problem.message, cure: null, problem, batchIds }
  }
}

/** A name may hold many; the id of a batch has more than a word. */
function batchIdsIn(name: string): readonly string[] {
  return [...name.matchAll(/batch_[0-9a-f-]{6,}(?=[_.])/gi)].map(([id]) => id)
}

/** Counts lines by what they are. */
class LineKinds {
  readonly #sample = new IdSample()
  #requests = 0
  #good = 0
  #failed = 0
  /** The first that is neither a request nor an answer, and known. */
  strange: FoundDialect | null = null
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  add({ id, value }: Row): void {
    this.#sample.add(id)
    if (isAnswer(value)) {
      if (asRecord(value['response'])?.['status_code'] === 200) this.#good += 1
      else this.#failed += 1
    } else if (isRequest(value)) this.#requests += 1
    else this.strange ??= strangeRow(value, this.#path)
  }

  get kind(): LooseKind {
    const answers = this.#good + this.#failed
    if (this.#requests > 0 && answers > 0) return 'mixed'
    if (this.#requests > 0) return 'requests'
    if (answers === 0) return 'other'
    return this.#good > 0 ? 'answers' : 'failures'
  }

  get sample(): readonly string[] {
    return this.#sample.ids()
  }
}

const isAnswer = (value: JsonObject): boolean =>
  asRecord(value['response']) !== null || asRecord(value['error']) !== null

const isRequest = (value: JsonObject): boolean => asRecord(value['body']) !== null
