/**
 * The tokens of JSON (RFC 8259), as `assembly/tokens.ts` reads them. Each function takes where
 * a token begins and gives where it ends, or 0 when it is not valid, or not plain.
 */
export class PlainTokens {
  bytes: Uint8Array = new Uint8Array(0)
  /** Nothing behind it is looked at; reads as a line feed, which is part of no token. */
  limit = 0
  /** Runs of white space between tokens met so far. */
  spaces = 0
  /** Escapes met so far, and those that `JSON.stringify` would write in another way. */
  escapes = 0
  strangeEscapes = 0

  at(p: number): number {
    return p < this.limit ? (this.bytes[p] ?? char.lineFeed) : char.lineFeed
  }

  endOfSpace(from: number): number {
    let p = from
    for (let byte = this.at(p); byte === 0x20 || byte === 0x09 || byte === 0x0d; byte = this.at(p)) p += 1
    if (p !== from) this.spaces += 1
    return p
  }

  /** From behind the opening quote to the closing one. */
  endOfString(from: number): number {
    let p = from
    for (;;) {
      const byte = this.at(p)
      if (byte === char.quote) return p
      if (byte === char.backslash) p = this.#endOfEscape(p)
      else if (byte < 0x20) return 0
      else p += 1
      if (p === 0) return 0
    }
  }

  /** True when there is something else than white space; see `hasWords` in `rows/answer.ts`. */
  hasWords(from: number, end: number): boolean {
    return /\S/.test(JSON.parse(`"${Buffer.from(this.bytes.subarray(from, end)).toString()}"`))
  }

  /** A number that might be more than a double holds is not plain. */
  endOfNumber(from: number): number {
    let p = this.at(from) === 0x2d ? from + 1 : from
    if (this.at(p) === 0x30) p += 1
    else if (isDigit(this.at(p))) p = this.#endOfDigits(p)
    else return 0
    if (p - from > 200) return 0
    if (this.at(p) === 0x2e) {
      const digits = p + 1
      p = this.#endOfDigits(digits)
      if (p === digits) return 0
    }
    return (this.at(p) | 0x20) === 0x65 ? this.#endOfExponent(p + 1) : p
  }

  /** `true`, `false`, `null`. */
  endOfLiteral(from: number): number {
    const word = literals.find((literal) => literal.every((byte, at) => this.at(from + at) === byte))
    return word === undefined ? 0 : from + word.length
  }

  /** Any value, looked at for nothing but its grammar. */
  endOfAny(from: number, depth: number): number {
    const byte = this.at(from)
    if (byte === char.quote) {
      const end = this.endOfString(from + 1)
      return end === 0 ? 0 : end + 1
    }
    if (byte === char.openObject || byte === char.openList) return this.#endOfAnyContainer(from, byte, depth)
    return isNumberStart(byte) ? this.endOfNumber(from) : this.endOfLiteral(from)
  }

  /** The items of a list from its first one on, and where it ends; 0 when it is not valid, or not plain. */
  countItems(
    first: number,
    endOfItem: (from: number) => number,
  ): { readonly end: number; readonly count: number } {
    let count = 0
    for (let p = first; ; p = this.endOfSpace(p + 1)) {
      p = endOfItem(p)
      if (p === 0) return { end: 0, count }
      count += 1
      p = this.endOfSpace(p)
      if (this.at(p) === char.closeList) return { end: p + 1, count }
      if (this.at(p) !== char.comma) return { end: 0, count }
    }
  }

  #endOfAnyContainer(from: number, opening: number, depth: number): number {
    if (depth > maxDepth) return 0
    const closing = opening + 2
    let p = this.endOfSpace(from + 1)
    if (this.at(p) === closing) return p + 1
    for (;;) {
      if (opening === char.openObject) p = this.#endOfName(p)
      if (p !== 0) p = this.endOfAny(p, depth + 1)
      if (p === 0) return 0
      p = this.endOfSpace(p)
      if (this.at(p) === closing) return p + 1
      if (this.at(p) !== char.comma) return 0
      p = this.endOfSpace(p + 1)
    }
  }

  /** To where the value of the field begins. */
  #endOfName(from: number): number {
    const end = this.at(from) === char.quote ? this.endOfString(from + 1) : 0
    if (end === 0) return 0
    const colon = this.endOfSpace(end + 1)
    return this.at(colon) === char.colon ? this.endOfSpace(colon + 1) : 0
  }

  #endOfEscape(from: number): number {
    this.escapes += 1
    const byte = this.at(from + 1)
    if (commonEscapes.includes(byte)) return from + 2
    this.strangeEscapes += 1
    if (byte === 0x2f) return from + 2
    if (byte !== 0x75) return 0
    for (let p = from + 2; p < from + 6; p += 1) if (!isHexDigit(this.at(p))) return 0
    return from + 6
  }

  #endOfDigits(from: number): number {
    let p = from
    while (isDigit(this.at(p))) p += 1
    return p
  }

  #endOfExponent(from: number): number {
    const sign = this.at(from)
    const digits = sign === 0x2b || sign === 0x2d ? from + 1 : from
    const end = this.#endOfDigits(digits)
    return end === digits || end > digits + 2 ? 0 : end
  }
}

/** Lists and objects within each other that are still plain. */
export const maxDepth = 64

export const char = {
  lineFeed: 0x0a,
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

export function isNumberStart(byte: number): boolean {
  return byte === 0x2d || isDigit(byte)
}

const codes = (text: string): readonly number[] => [...Buffer.from(text)]
const literals = ['true', 'false', 'null'].map(codes)
const commonEscapes = codes('n"\\rtbf')

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66)
}
