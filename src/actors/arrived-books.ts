import { setTimeout } from 'node:timers/promises'
import { wasCutShort, type TripleFacts } from '../../machines/index.js'
import type { RowIntake } from '../accounting/row-intake.js'
import { nothingAccepted, type AccountedFile } from '../accounting/triple-accounting.js'
import { TripleBooks, type AccountedTriple } from '../accounting/triple-books.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { TripleDependencies } from './dependencies.js'

type AnswerKind = 'output' | 'error'

/** A file of answers that is going to be downloaded. */
export interface ArrivingFile {
  readonly kind: AnswerKind
  /** Where it will stand, and where it grows. */
  readonly path: string
  readonly partPath: string
}

/**
 * Counts the rows of files while they are downloaded, so that the check need not read them again. Nothing depends on it:
 * where it cannot count, or fails, the check counts as if nobody had.
 */
export class ArrivingBooks {
  readonly #workspace: BatchWorkspace
  readonly #books: TripleBooks
  readonly #expected: number
  readonly #arrived: AccountedFile[] = []
  /** The input is entered: answers are counted after it. */
  readonly #requests: Promise<void>
  #intake: RowIntake | null = null
  #hasFailed = false
  #lastNamedAtMs = 0

  private constructor(
    workspace: BatchWorkspace,
    books: TripleBooks,
    expected: number,
    requests: Promise<void>,
  ) {
    this.#workspace = workspace
    this.#books = books
    this.#expected = expected
    // The check will say why it cannot be counted.
    this.#requests = requests.catch(() => void (this.#hasFailed = true))
  }

  /** Begins to read the input, while the server is asked for its answers. `null` when there is none, or it is small. */
  static begin(
    { workspace }: TripleDependencies,
    { index, input }: TripleFacts,
    files: readonly ArrivingFile[],
    signal: AbortSignal,
  ): ArrivingBooks | null {
    if (input === null || input.bytes < smallInputBytes) return null
    const pathOf = (kind: AnswerKind): string | null => files.find((file) => file.kind === kind)?.path ?? null
    const paths = { input: input.path, output: pathOf('output'), error: pathOf('error') }
    const books = new TripleBooks({ fs: workspace.fileSystem, index, paths, keep: null })
    const requests = books.read('input', input.path, { signal })
    return new ArrivingBooks(workspace, books, files.length, requests)
  }

  /** @param likelyBytes about how much will come */
  begin({ kind, path, partPath }: ArrivingFile, likelyBytes: number): void {
    if (!this.#hasFailed) this.#intake = this.#books.intake(kind, path, partPath, likelyBytes)
  }

  /** Takes bytes that stand on the disk by now. Waits for the input. */
  async push(bytes: Uint8Array): Promise<void> {
    await this.#requests
    await this.#orFail(() => this.#intake?.push(bytes))
  }

  /** All bytes of the file came. */
  async finish(): Promise<AccountedFile | null> {
    await this.#requests
    return (await this.#orFail(() => this.#intake?.finish())) ?? null
  }

  /** The file has got its name. */
  add(file: AccountedFile): void {
    this.#arrived.push(file)
    this.#lastNamedAtMs = performance.now()
  }

  /** The books, where all files were counted to their end and are worth it; lets go of the files. */
  async end(): Promise<TripleBooks | null> {
    await this.#requests
    await this.#books.release()
    const bytes = this.#arrived.reduce((sum, file) => sum + file.bytes, 0)
    if (this.#hasFailed || this.#arrived.length < this.#expected || bytes < smallBytes) return null
    await setTimeout(Math.max(0, this.#lastNamedAtMs + settlingMs - performance.now()))
    for (const file of this.#arrived) {
      const found = await this.#workspace.fileSystem.stat(file.path)
      if (found === null || found.bytes !== file.bytes || found.identity === null) return null
      this.#books.add({ ...file, identity: found.identity })
    }
    return this.#books
  }

  async #orFail<T>(act: () => Promise<T> | undefined): Promise<T | undefined> {
    if (this.#hasFailed) return undefined
    try {
      return await act()
    } catch {
      this.#hasFailed = true
      return undefined
    }
  }
}

/** What is smaller is read again at no cost worth a wait, in bytes. */
const smallBytes = 8 * 1024 * 1024
/** An input that is smaller has no answers worth it. */
const smallInputBytes = 128 * 1024
/** By then a file that was just renamed can be told from one that changes now, which takes two ticks of the disk's clock. */
const settlingMs = 60

/** The accounting of files that were counted while they arrived, where these are still the files; else `null`. */
export async function accountForArrived(
  { workspace, accountings }: TripleDependencies,
  facts: TripleFacts,
): Promise<AccountedTriple | null> {
  const books = accountings.takeArrived()
  if (books === null) return null
  const { metadata, input, output, error } = facts
  const decided = metadata === null ? null : (await readMetadata(workspace, metadata.path))?.accepted
  const paths = [input, output, error].flatMap((file) => file?.path ?? [])
  const isAll = paths.length === books.files.length && books.files.every(({ path }) => paths.includes(path))
  if (decided != null || !isAll) return null
  for (const { path, identity } of books.files) {
    const found = await workspace.fileSystem.stat(path)
    if (identity === null || found?.identity !== identity) return null
  }
  return books.close(wasCutShort(facts), nothingAccepted)
}
