import type { FileSystem, OpenFile } from '../workspace/file-system.js'
import { readLineAt } from './line-reader.js'
import type { LinePosition } from './line-position.js'

/** Reads single lines again by their position. Files are opened when first needed and stay open until `close`. */
export class LineLookup {
  readonly #fs: FileSystem
  readonly #files = new Map<string, OpenFile>()
  readonly #places = new Map<string, string>()

  constructor(fs: FileSystem) {
    this.#fs = fs
  }

  /** Has lines of a file read at another path: where it grows before it gets its name. */
  readFrom(path: string, place: string): void {
    this.#places.set(path, place)
  }

  async read(path: string, { offset, length }: Pick<LinePosition, 'offset' | 'length'>): Promise<Buffer> {
    const file = this.#files.get(path) ?? (await this.#open(path))
    return readLineAt(file, offset, length)
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()]
    this.#files.clear()
    for (const file of files) await file.close()
  }

  async #open(path: string): Promise<OpenFile> {
    const file = await this.#fs.open(this.#places.get(path) ?? path, 'read')
    this.#files.set(path, file)
    return file
  }
}
