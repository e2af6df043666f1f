import { createRandom } from './random.mjs'

/**
 * Text as models write it, encoded once for a JSON string: any piece of it can stand in a line. Words with line feeds and
 * quotes (escaped), letters beyond ASCII raw or as `\u` escapes, as servers differ in that.
 *
 * @param {{ depth?: number }} options depth 2: for JSON that is itself the text of an answer
 */
export function textPool({ depth = 1 } = {}) {
  const random = createRandom(depth)
  const pieces = []
  const starts = []
  let length = 0
  while (length < poolBytes) {
    const piece = Buffer.from(encoded(wordOf(random), depth, random))
    starts.push(length)
    pieces.push(piece)
    length += piece.length
  }
  const bytes = Buffer.concat(pieces)
  return { pieceOf: (wantedBytes, chance) => pieceOf(bytes, starts, wantedBytes, chance) }
}

const poolBytes = 1_200_000
const plain =
  `the answer is that each request of a batch has one row and no more than one so we count them again before
anything moves because a server may send less or more than it was asked for while nobody looks`.split(/\s+/)
const foreign = ['größe', 'naïve', '東京', 'Ελλάδα', 'данные', '🙂', 'señor', '“so”', '3 €']
const marks = ['.\n', '.\n\n', ', ', ': "quoted" ', '; a \\ path\t', ' – ', '.\n- ', ' 42.5 % ']

function wordOf(random) {
  const chance = random.below(100)
  if (chance < 3) return `${foreign[random.below(foreign.length)]} `
  if (chance < 12) return marks[random.below(marks.length)]
  return `${plain[random.below(plain.length)]} `
}

function encoded(word, depth, random) {
  const isAscii = random.below(2) === 0
  let text = word
  for (let level = 0; level < depth; level += 1) text = JSON.stringify(text).slice(1, -1)
  return isAscii && depth === 1 ? asciiOnly(text) : text
}

/** As Python's `json.dumps` writes it, and with it most servers. */
export function asciiOnly(text) {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Bytes of whole words, about as many as are wanted, from anywhere in the pool. */
function pieceOf(bytes, starts, wantedBytes, chance) {
  const first = Math.floor(chance * firstIndexFrom(starts, bytes.length - wantedBytes - 100))
  const start = starts[first]
  const end = starts[firstIndexFrom(starts, start + wantedBytes)]
  return bytes.subarray(start, end)
}

function firstIndexFrom(starts, offset) {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (starts[middle] < offset) low = middle + 1
    else high = middle
  }
  return low
}
