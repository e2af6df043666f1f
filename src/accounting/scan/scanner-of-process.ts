import type { LineScanner } from './line-scanner.js'
import { PlainScanner } from './plain-scanner.js'
import { createWasmScanner } from './wasm-scanner.js'

let scanner: LineScanner | null = null

/**
 * The scanner of this process. In WebAssembly where that runs (its vectors came with V8 9.1), else the same in plain
 * JavaScript, such as under `--jitless`. A scan is over before anybody else gets a turn, so one serves all triples.
 */
export function lineScanner(): LineScanner {
  scanner ??= createWasmScanner() ?? new PlainScanner()
  return scanner
}

/**
 * Has the process scan with another one, for tests; gives the one before. What rows of a pattern are is known by its
 * number: two scanners that both learn must not take turns.
 */
export function useLineScanner(other: LineScanner): LineScanner {
  const before = lineScanner()
  scanner = other
  return before
}
