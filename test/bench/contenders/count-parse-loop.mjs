import { closeSync, openSync, readSync } from 'node:fs'
import { idSets } from './id-sets.mjs'

/** The best that a plain loop does: one buffer, read again and again, and each line parsed. */
export function countIds({ paths }) {
  const sets = idSets()
  forEachLine(paths.input, (line) => sets.addRequest(JSON.parse(line).custom_id))
  forEachLine(paths.output, (line) => sets.addAnswer(JSON.parse(line).custom_id))
  forEachLine(paths.error, (line) => sets.addAnswer(JSON.parse(line).custom_id))
  return sets.counts()
}

const lineFeed = 0x0a
let buffer = Buffer.allocUnsafe(1 << 20)

function forEachLine(path, onLine) {
  const file = openSync(path, 'r')
  let filled = 0
  for (;;) {
    if (filled === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
    const read = readSync(file, buffer, filled, buffer.length - filled, null)
    if (read === 0) break
    filled = takeLines(filled, filled + read, onLine)
  }
  if (filled > 0) onLine(buffer.toString('utf8', 0, filled))
  closeSync(file)
}

/** Hands over the whole lines and moves what is left to the front; gives how many bytes that are. */
function takeLines(searchFrom, end, onLine) {
  let start = 0
  for (
    let at = buffer.indexOf(lineFeed, searchFrom);
    at !== -1 && at < end;
    at = buffer.indexOf(lineFeed, start)
  ) {
    if (at > start) onLine(buffer.toString('utf8', start, at))
    start = at + 1
  }
  buffer.copyWithin(0, start, end)
  return end - start
}
