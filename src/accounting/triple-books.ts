import type { FileSystem } from '../workspace/file-system.js'
import { LineLookup } from './line-lookup.js'
import { readRows, type ReadRowsOptions } from './read-rows.js'
import { RequestLedger, type AnswerFile } from './request-ledger.js'
import { RowIntake } from './row-intake.js'
import { summarise } from './summarise.js'
import { takeAnswer, takePlainAnswer, takePlainRequest, takeRequest, type RowBooks } from './take-rows.js'
import { Tally } from './tally.js'
import { UsageBooks } from './usage/usage-books.js'
import type { AcceptedFaults, AccountedFile, RowFileKind, TripleAccounting } from './triple-accounting.js'

export interface AccountedTriple {
  readonly accounting: TripleAccounting
  /** Where each request and the answer that counts for it stand. */
  readonly ledger: RequestLedger
}

export interface TripleBooksOptions {
  readonly fs: FileSystem
  readonly index: string
  /** Absolute; `null` when the triple has no such file. */
  readonly paths: RowBooks['paths']
  /** Which of two different successes counts, when somebody decided that. */
  readonly keep: AcceptedFaults['keep']
  readonly maxRequests?: number | undefined
}

type Reading = Pick<ReadRowsOptions, 'signal' | 'maxLineBytes' | 'onBytes'>

/** The books of one triple while its files are read, the input first. */
export class TripleBooks {
  readonly #fs: FileSystem
  readonly #index: string
  readonly #lookup: LineLookup
  readonly #books: RowBooks
  readonly #files: AccountedFile[] = []

  constructor({ fs, index, paths, keep, maxRequests }: TripleBooksOptions) {
    this.#fs = fs
    this.#index = index
    this.#lookup = new LineLookup(fs)
    const ledger = new RequestLedger({ maxRequests })
    this.#books = { ledger, tally: new Tally(), usage: new UsageBooks(), lookup: this.#lookup, paths, keep }
  }

  get files(): readonly AccountedFile[] {
    return this.#files
  }

  /** Enters a file that stands on the disk. */
  async read(kind: RowFileKind, path: string, reading: Reading): Promise<void> {
    const handlers = this.#handlersOf(kind)
    this.#files.push(
      await readRows({ fs: this.#fs, index: this.#index, kind, path, ...reading, ...handlers }),
    )
  }

  /**
   * Enters a file while it arrives.
   *
   * @param partPath where its bytes can be read meanwhile
   * @param likelyBytes about how much will come
   */
  intake(kind: AnswerFile, path: string, partPath: string, likelyBytes: number): RowIntake {
    this.#lookup.readFrom(path, partPath)
    return new RowIntake({ kind, path, ...this.#handlersOf(kind) }, likelyBytes)
  }

  /** Enters what came of a file that has arrived. */
  add(file: AccountedFile): void {
    this.#files.push(file)
  }

  /** What the books say; nothing may be entered any more. */
  close(isCutShort: boolean, accepted: AcceptedFaults): AccountedTriple {
    const { ledger } = this.#books
    const facts = { index: this.#index, files: this.#files, books: this.#books, isCutShort, accepted }
    return { accounting: summarise(facts), ledger }
  }

  /** Lets go of the files. */
  release(): Promise<void> {
    return this.#lookup.close()
  }

  #handlersOf(kind: RowFileKind): Pick<ReadRowsOptions, 'onRow' | 'onPlainRow' | 'onUnreadable'> {
    const books = this.#books
    const onUnreadable: ReadRowsOptions['onUnreadable'] = (line) => {
      books.tally.addUnreadable(line)
      if (kind !== 'input') books.usage.addUnreadable()
    }
    if (kind === 'input') {
      const onPlainRow: ReadRowsOptions['onPlainRow'] = (row) => takePlainRequest(books, row)
      return { onUnreadable, onPlainRow, onRow: (row) => takeRequest(books, row) }
    }
    return {
      onUnreadable,
      onPlainRow: (row) => takePlainAnswer(books, kind, row),
      onRow: (row) => takeAnswer(books, kind, row),
    }
  }
}
