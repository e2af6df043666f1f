import type { FieldRole, ScannedKind } from './field-roles.js'
import { holeFields, rowFields, scanStops, type LineScanner, type ScanStop } from './line-scanner.js'
import { listRoles, maxNameLength, type RoleNode } from './role-nodes.js'
import { scannerModule } from './scanner-module.js'

/** The line scanner in WebAssembly; `null` where that does not run. */
export function createWasmScanner(): LineScanner | null {
  try {
    const module = new wasm.Module(Buffer.from(scannerModule, 'base64'))
    const { exports } = new wasm.Instance(module, { env: { abort: failed } })
    return new WasmScanner(exports)
  } catch {
    // Switched off (`--jitless`), or without the vectors that the module needs.
    return null
  }
}

/** What the module has, as `assembly/scanner.ts` says it. */
interface ScannerExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  reserve(bytes: number): void
  capacity(): number
  scan(from: number, to: number, root: number, maxRows: number): number
  positionOf(): number
  stopOf(): number
  linesOf(): number
  learn(): number
  clearPatterns(): void
  copyStringified(from: number, end: number, to: number): number
}

/** As far as it is used here: the types of it belong to browsers. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: ScannerExports }
}

const wasm = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly

function failed(): never {
  throw new Error('The line scanner came to an end that it should not have.')
}

/** Places in the memory, as in `assembly/memory-map.ts`. */
const places = { roles: 0x1000, rolesEnd: 0x8000, rows: 0xb8000, holes: 0xc0000, input: 0x100000 } as const
const holesInMemory = 16_384
const rowsInMemory = 256
/** Behind what is copied, for vectors that reach over its end. */
const roomBetween = 64

/**
 * The most bytes that are copied into the memory at once, unless one line is longer: twice as many as the last scan got
 * through. Where every other line is not plain, each scan would else copy the rest of a chunk to read one line of it.
 */
const windowBytes = { smallest: 4 * 1024, largest: 1024 * 1024 } as const
/** Longer lines are left to others: the memory of the module never shrinks. */
const maxLineBytes = 16 * 1024 * 1024
const lineFeed = 0x0a

class WasmScanner implements LineScanner {
  readonly #module: ScannerExports
  readonly #roots: Readonly<Record<ScannedKind, number>>
  /** Views of the memory: they end when it grows. */
  #input = Buffer.alloc(0)
  rows = new Uint32Array(0)
  holes = new Uint32Array(0)
  stop: ScanStop = 'no-more-lines'
  /** Where the scanned bytes stand in those of the caller. */
  #from = 0
  #window: number = windowBytes.largest

  constructor(module: ScannerExports) {
    this.#module = module
    this.#roots = writeRoles(module)
    this.#lookAgain()
  }

  get position(): number {
    return this.#from + this.#module.positionOf()
  }

  get lines(): number {
    return this.#module.linesOf()
  }

  scan(bytes: Uint8Array, from: number, to: number, kind: ScannedKind, maxRows = rowsInMemory): number {
    const end = Math.min(to, from + this.#window)
    let count = this.#scanCopy(bytes, from, end, kind, maxRows)
    if (end < to && this.stop === 'no-more-lines') {
      if (this.position === from) count = this.#scanLongLine(bytes, from, end, to, kind)
      else this.stop = 'full'
    }
    if (this.stop !== 'no-more-lines') this.#adaptWindow(this.position - from)
    return count
  }

  learn(): number {
    return this.#module.learn()
  }

  /** The line that begins at `from` and ends behind `end`, if at all. */
  #scanLongLine(bytes: Uint8Array, from: number, end: number, to: number, kind: ScannedKind): number {
    const next = bytes.indexOf(lineFeed, end) + 1
    if (next === 0 || next > to) return 0
    const isTooLong = next - from > maxLineBytes
    const count = isTooLong ? 0 : this.#scanCopy(bytes, from, next, kind, 1)
    if (isTooLong) this.stop = 'not-plain'
    else if (this.stop === 'no-more-lines' && next < to) this.stop = 'full'
    return count
  }

  #scanCopy(bytes: Uint8Array, from: number, to: number, kind: ScannedKind, maxRows: number): number {
    const length = to - from
    if (length > this.#module.capacity()) {
      this.#module.reserve(length)
      this.#lookAgain()
    }
    this.#copyIn(bytes, from, to)
    this.#from = from
    const count = this.#module.scan(0, length, this.#roots[kind], maxRows)
    this.stop = scanStops[this.#module.stopOf()] ?? failed()
    return count
  }

  /**
   * As one block. `set` goes byte by byte where the bytes stand in shared memory and begin at another place of an eight-byte
   * word than their target (V8, `relaxed_memmove`): twenty times slower, and as long as all else that is done with a text.
   */
  #copyIn(bytes: Uint8Array, from: number, to: number): void {
    if (from < to) this.#input.fill(bytes.subarray(from, to), 0, to - from)
  }

  #adaptWindow(scannedBytes: number): void {
    const { smallest, largest } = windowBytes
    this.#window = Math.min(largest, Math.max(smallest, 2 * scannedBytes))
  }

  forget(): void {
    this.#module.clearPatterns()
  }

  copyStringified(bytes: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
    const length = end - start
    const copy = length + roomBetween
    if (copy + length > this.#module.capacity()) {
      this.#module.reserve(copy + length)
      this.#lookAgain()
    }
    this.#copyIn(bytes, start, end)
    const written =
      this.#module.copyStringified(places.input, places.input + length, places.input + copy) -
      (places.input + copy)
    target.set(this.#input.subarray(copy, copy + written), at)
    return at + written
  }

  #lookAgain(): void {
    const { buffer } = this.#module.memory
    this.#input = Buffer.from(buffer, places.input)
    this.rows = new Uint32Array(buffer, places.rows, rowsInMemory * rowFields.count)
    this.holes = new Uint32Array(buffer, places.holes, holesInMemory * holeFields.count)
  }
}

/** By the number that `assembly/roles.ts` gives it. */
const roleNumbers: Readonly<Record<FieldRole, number>> = {
  kept: 0,
  filled: 1,
  ignored: 2,
  vector: 3,
  counted: 4,
  id: 5,
  barred: 6,
}

const nodeBytes = 8
const fieldBytes = 32

/** Writes the trees of roles into the memory; gives where each of them begins. */
function writeRoles(module: ScannerExports): Readonly<Record<ScannedKind, number>> {
  const { nodes, roots } = listRoles()
  const starts = startsOf(nodes)
  const memory = Buffer.from(module.memory.buffer, places.roles, places.rolesEnd - places.roles)
  for (const [position, node] of nodes.entries()) writeNode(memory, starts, position, node)
  return { request: starts[roots.request] ?? 0, answer: starts[roots.answer] ?? 0 }
}

function startsOf(nodes: readonly RoleNode[]): readonly number[] {
  let end = 0
  return nodes.map(({ fields }) => {
    const start = end
    end += nodeBytes + fields.length * fieldBytes
    return start
  })
}

function writeNode(
  memory: Buffer,
  starts: readonly number[],
  position: number,
  { role, fields, others }: RoleNode,
): void {
  const start = starts[position] ?? 0
  memory.writeUInt8(roleNumbers[role], start)
  memory.writeUInt16LE(fields.length, start + 2)
  memory.writeUInt32LE(starts[others] ?? 0, start + 4)
  for (const [number, [name, node]] of fields.entries()) {
    const field = start + nodeBytes + number * fieldBytes
    const padded = name.padEnd(maxNameLength, '\0')
    memory.write(padded.slice(0, 16), field, 'latin1')
    memory.write(name.length > 8 ? name.slice(-8) : '', field + 16, 'latin1')
    memory.writeUInt32LE(name.length, field + 24)
    memory.writeUInt32LE(starts[node] ?? 0, field + 28)
  }
}
