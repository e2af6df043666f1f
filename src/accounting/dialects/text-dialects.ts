import { advice, downloadAgain, oneObjectPerLine, through } from './cures.js'
import type { Dialect } from './dialect.js'
import { findPeculiarity, peculiarities } from './json-peculiarity.js'

/** The dialect of text. `tail` is the end of the file, and may begin in the middle of a character. */
export function recogniseText(text: string, tail: string): Dialect | null {
  const known = textDialects.find(({ pattern }) => pattern.test(text))
  if (known !== undefined) return known
  if (/^\s*\[\s*(?:[{\]]|$)/.test(text)) return arrayOf(text, tail)
  const found = findPeculiarity(text)
  return found === null ? null : peculiarities[found.kind]
}

export const encodedTwice: Dialect = {
  name: 'JSON inside a JSON text (encoded twice)',
  cure: through(
    String.raw`node -e 'process.stdout.write(require("fs").readFileSync(0,"utf8").split("\n").map(l=>l.trim()[0]=="\""?JSON.parse(l):l).join("\n"))'`,
  ),
}

const textDialects: readonly (Dialect & { readonly pattern: RegExp })[] = [
  { pattern: /^\s*<(?:!doctype\s+html|html|head|body)\b/i, name: 'a page of HTML', cure: downloadAgain },
  { pattern: /^\s*<(?:\?xml|[A-Za-z][\w:.-]*[\s>])/, name: 'XML', cure: downloadAgain },
  {
    pattern: /^version https:\/\/git-lfs\.github\.com\//,
    name: 'a pointer of Git LFS in the place of the file',
    cure: advice((file) => `Fetch the file itself: git lfs pull --include ${file}`),
  },
  {
    pattern: /^(?:event: ?\S+\s+)?data: ?[{[]/,
    name: 'a stream of server-sent events',
    cure: through(`sed -n 's/^data: *{/{/p'`),
  },
  { pattern: /^\s*"\s*\{\s*\\"/, ...encodedTwice },
  {
    // At least two names and nothing that JSON begins with.
    pattern: /^"?[A-Za-z_][\w .-]*"?(?:[,;\t]"?[A-Za-z_][\w .-]*"?)+\r?(?:\n|$)/,
    name: 'CSV',
    cure: advice(
      'Make one JSON object a line of its rows; a spreadsheet has no place for a whole request or answer',
    ),
  },
]

function arrayOf(text: string, tail: string): Dialect {
  const firstLine = text.slice(0, text.indexOf('\n') + 1 || text.length)
  const isWhole = tail.trimEnd().endsWith(']')
  const isEachLine = /\]\s*$/.test(firstLine) && firstLine.trim() !== '[]' && firstLine.length < text.length
  if (isEachLine) return { name: 'a JSON array on each line', cure: oneObjectPerLine }
  return { name: isWhole ? 'one JSON array' : 'one JSON array that is cut', cure: oneObjectPerLine }
}
