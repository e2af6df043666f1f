import type { OutputStream } from './output-stream.js'

/** In characters. What takes longer to gather is moved by V8 to where the old things are, and stays for long. */
const pieceLength = 8 * 1024

/**
 * Writes the texts of many things in pieces, no faster than they are read: a write for each of a hundred thousand takes
 * longer than all the rest, and what nobody has read yet would stand in memory.
 */
export async function writeEach<Item>(
  { write, drained }: Pick<OutputStream, 'write' | 'drained'>,
  items: Iterable<Item>,
  textOf: (item: Item) => string,
): Promise<void> {
  let piece = ''
  for (const item of items) {
    piece += textOf(item)
    if (piece.length < pieceLength) continue
    write(piece)
    piece = ''
    await drained?.()
  }
  if (piece !== '') write(piece)
}
