import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** One number for what the rows of a results file say, in their order: two ways to write the same value make none of it. */
export async function resultsDigest(path) {
  const hash = createHash('sha256')
  let rows = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    hash.update(`${JSON.stringify(JSON.parse(line))}\n`)
    rows += 1
  }
  return { rows, digest: hash.digest('hex') }
}
