/**
 * Makes text of files and servers safe to print: control characters (among them the escape that starts colours,
 * cursor moves and title changes), line breaks and the marks that turn writing direction become `\u001b` and the
 * like, so that nothing read from a file can redraw or reorder what a person sees.
 */
export function terminalText(text: string): string {
  return text.replace(unprintable, escaped)
}

/** The text in at most `width` columns, with `…` where it was cut. Expects text without control characters. */
export function cutToWidth(text: string, width: number): string {
  if (text.length <= width / 2 || columnsOf(text) <= width) return text
  let used = 0
  let kept = ''
  for (const character of text) {
    used += columnsOfCharacter(character)
    if (used > width - 1) break
    kept += character
  }
  return width < 1 ? '' : `${kept}…`
}

/** How many columns of a terminal the text takes. Good enough for tables; fonts have the last word. */
export function columnsOf(text: string): number {
  if (asciiOnly.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += columnsOfCharacter(character)
  return columns
}

const asciiOnly = /^[\x20-\x7e]*$/

// C0, DEL and C1 controls, halves of characters, line and paragraph separator, marks of writing direction (Unicode TR 36, section 2.4).
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

function escaped(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function columnsOfCharacter(character: string): number {
  if (zeroWidth.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

const zeroWidth = /^(?:\p{Mn}|\p{Me}|[\u{200b}-\u{200d}])$/u

// East Asian Wide and Fullwidth blocks (Unicode TR 11), and the emoji planes.
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]$/u
