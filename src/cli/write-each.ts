import type { OutputStream } from './output-stream.js'

/** In characters. What takes longer to gather is moved by V8 to where the old things are, and stays for long. */
const pieceLength = 8 * 1024

/**
 * Writes the texts of many things in pieces: a write for each of a hundred thousand takes longer than all the rest, and
 * one text of all of them would stand in memory as a whole.
 */
export function writeEach<Item>(
  { write }: Pick<OutputStream, 'write'>,
  items: Iterable<Item>,
  textOf: (item: Item) => string,
): void {
  let piece = ''
  for (const item of items) {
    piece += textOf(item)
    if (piece.length < pieceLength) continue
    write(piece)
    piece = ''
  }
  if (piece !== '') write(piece)
}
