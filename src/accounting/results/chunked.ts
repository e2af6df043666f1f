/** Gathers pieces into chunks of about 256 KiB: a write for each row would cost more than the row. */
export async function* chunked(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  for await (const piece of pieces) {
    gathered.push(piece)
    gatheredBytes += piece.byteLength
    if (gatheredBytes < chunkBytes) continue
    yield Buffer.concat(gathered)
    gathered = []
    gatheredBytes = 0
  }
  if (gathered.length > 0) yield Buffer.concat(gathered)
}

const chunkBytes = 256 * 1024
