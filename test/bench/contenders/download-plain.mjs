// A file from a server to the disk and nothing else: `node download-plain.mjs <url> <path> <sync|no-sync>`. Prints
// the milliseconds without those of starting.
import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const [url, path, sync] = process.argv.slice(2)
const startedAt = performance.now()
const { body } = await fetch(url)
await pipeline(Readable.fromWeb(body), createWriteStream(path))
if (sync === 'sync') {
  const file = await open(path, 'r+')
  await file.sync()
  await file.close()
}
console.log(performance.now() - startedAt)
