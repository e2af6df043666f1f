/**
 * The tokens of JSON (RFC 8259). That the bytes are UTF-8 is looked at by others. Each function takes where a token begins and gives where it
 * ends, or 0 when it is not valid, or not plain. A line feed stands behind every line and is part of no token, so
 * nothing here looks for the end of the memory.
 */

/** Runs of white space between tokens met so far. */
export let spaces: u32 = 0
/** Escapes met so far that `JSON.stringify` would write in another way. */
export let strangeEscapes: u32 = 0
/** Escapes of any kind met so far. */
export let escapes: u32 = 0

const quote: u8 = 0x22
const backslash: u8 = 0x5c

/** Lists and objects within each other that are still plain. */
export const maxDepth: u32 = 64

// @ts-ignore: decorator
@inline
export function endOfSpace(from: u32): u32 {
  return load<u8>(from) > 0x20 ? from : endOfLongSpace(from)
}

function endOfLongSpace(from: u32): u32 {
  let p = from
  // No line feed: that is where the line ends.
  for (let byte = load<u8>(p); byte == 0x20 || byte == 0x09 || byte == 0x0d; byte = load<u8>(p)) p += 1
  if (p != from) spaces += 1
  return p
}

/** From behind the opening quote to the closing one. */
// @ts-ignore: decorator
@inline
export function endOfString(from: u32): u32 {
  // Names, ids and words end within the first sixteen bytes.
  const mask = specialsOf(v128.load(from))
  if (mask != 0) {
    const p = from + ctz(mask)
    if (load<u8>(p) == quote) return p
  }
  return endOfLongString(from)
}

// @ts-ignore: decorator
@inline
function specialsOf(block: v128): i32 {
  return i8x16.bitmask(
    v128.or(
      v128.or(i8x16.eq(block, i8x16.splat(quote)), i8x16.eq(block, i8x16.splat(backslash))),
      i8x16.lt_u(block, i8x16.splat(0x20)),
    ),
  )
}

/** Sixty-four bytes a step, one bit for each of them that is no plain character. */
function endOfLongString(from: u32): u32 {
  let p = from
  while (true) {
    let specials =
      u64(specialsOf(v128.load(p))) |
      (u64(specialsOf(v128.load(p, 16))) << 16) |
      (u64(specialsOf(v128.load(p, 32))) << 32) |
      (u64(specialsOf(v128.load(p, 48))) << 48)
    let next = p + 64
    while (specials != 0) {
      const at = p + u32(ctz(specials))
      const byte = load<u8>(at)
      if (byte == quote) return at
      if (byte != backslash) return 0
      const end = endOfEscape(at)
      if (end == 0) return 0
      if (end >= next) next = end
      specials = end >= p + 64 ? 0 : specials & (u64.MAX_VALUE << u64(end - p))
    }
    p = next
  }
}

function endOfEscape(from: u32): u32 {
  escapes += 1
  const byte = load<u8>(from, 1)
  if (byte == 0x6e || byte == quote || byte == backslash) return from + 2
  if (byte == 0x72 || byte == 0x74 || byte == 0x62 || byte == 0x66) return from + 2
  strangeEscapes += 1
  if (byte == 0x2f) return from + 2
  if (byte != 0x75) return 0
  const isHex = isHexDigit(load<u8>(from, 2)) && isHexDigit(load<u8>(from, 3))
  return isHex && isHexDigit(load<u8>(from, 4)) && isHexDigit(load<u8>(from, 5)) ? from + 6 : 0
}

// @ts-ignore: decorator
@inline
function isHexDigit(byte: u8): bool {
  return u8(byte - 0x30) < 10 || u8((byte | 0x20) - 0x61) < 6
}

/**
 * True when the text from behind a quote on has something in it that is no white space, as `hasWords` in
 * `rows/answer.ts` has it.
 */
export function hasWords(from: u32, end: u32): bool {
  let p = from
  while (p < end) {
    const byte = load<u8>(p)
    if (byte == backslash) {
      const escaped = load<u8>(p, 1)
      if (escaped == 0x75) {
        if (!isSpace(hexNumber(p + 2))) return true
        p += 6
      } else {
        if (escaped != 0x6e && escaped != 0x72 && escaped != 0x74 && escaped != 0x66) return true
        p += 2
      }
    } else if (byte < 0x80) {
      if (byte != 0x20) return true
      p += 1
    } else if (byte == 0xc2) {
      if (!isSpace(load<u8>(p, 1))) return true
      p += 2
    } else {
      // Only these begin white space that takes three bytes.
      if (byte != 0xe1 && byte != 0xe2 && byte != 0xe3 && byte != 0xef) return true
      const code = (u32(byte & 0x0f) << 12) | (u32(load<u8>(p, 1) & 0x3f) << 6) | u32(load<u8>(p, 2) & 0x3f)
      if (!isSpace(code)) return true
      p += 3
    }
  }
  return false
}

export function hexNumber(from: u32): u32 {
  let number: u32 = 0
  for (let p = from; p < from + 4; p += 1) {
    const byte = u32(load<u8>(p))
    number = (number << 4) | (byte & 0x0f) + (byte > 0x39 ? 9 : 0)
  }
  return number
}

/** White space of JavaScript (ECMAScript, WhiteSpace and LineTerminator). */
function isSpace(code: u32): bool {
  if (code < 0x80) return code == 0x20 || (code >= 0x09 && code <= 0x0d)
  if (code >= 0x2000 && code <= 0x200a) return true
  if (code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f) return true
  return code == 0xa0 || code == 0x1680 || code == 0x3000 || code == 0xfeff
}

/**
 * A number that every double can hold near enough: one that is read as infinite, and any other that is so long or so
 * large that it might be, is not plain.
 */
export function endOfNumber(from: u32): u32 {
  let p = from
  if (load<u8>(p) == 0x2d) p += 1
  const first = load<u8>(p)
  if (first == 0x30) p += 1
  else if (isDigit(first)) p = endOfDigits(p + 1)
  else return 0
  if (p - from > 200) return 0
  if (load<u8>(p) == 0x2e) {
    p += 1
    if (!isDigit(load<u8>(p))) return 0
    p = endOfDigits(p + 1)
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    p += 1
    const sign = load<u8>(p)
    if (sign == 0x2b || sign == 0x2d) p += 1
    const exponent = p
    while (isDigit(load<u8>(p))) p += 1
    if (p == exponent || p > exponent + 2) return 0
  }
  return p
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return u8(byte - 0x30) < 10
}

function endOfDigits(from: u32): u32 {
  let p = from
  const zeros = i8x16.splat(0x30)
  const nine = i8x16.splat(9)
  while (true) {
    const mask = i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(p), zeros), nine))
    if (mask != 0) return p + ctz(mask)
    p += 16
  }
}

/** `true`, `false`, `null`. */
export function endOfLiteral(from: u32): u32 {
  const word = load<u32>(from)
  if (word == 0x65757274 || word == 0x6c6c756e) return from + 4
  return word == 0x736c6166 && load<u8>(from, 4) == 0x65 ? from + 5 : 0
}

/** Any value, looked at for nothing but its grammar. */
export function endOfAny(from: u32, depth: u32): u32 {
  const byte = load<u8>(from)
  if (byte == quote) {
    const end = endOfString(from + 1)
    return end == 0 ? 0 : end + 1
  }
  if (byte == 0x7b) return endOfAnyObject(from, depth)
  if (byte == 0x5b) return endOfAnyList(from, depth)
  return byte == 0x2d || isDigit(byte) ? endOfNumber(from) : endOfLiteral(from)
}

function endOfAnyObject(from: u32, depth: u32): u32 {
  if (depth > maxDepth) return 0
  let p = endOfSpace(from + 1)
  if (load<u8>(p) == 0x7d) return p + 1
  while (true) {
    if (load<u8>(p) != quote) return 0
    p = endOfString(p + 1)
    if (p == 0) return 0
    p = endOfSpace(p + 1)
    if (load<u8>(p) != 0x3a) return 0
    p = endOfAny(endOfSpace(p + 1), depth + 1)
    if (p == 0) return 0
    p = endOfSpace(p)
    const byte = load<u8>(p)
    if (byte == 0x7d) return p + 1
    if (byte != 0x2c) return 0
    p = endOfSpace(p + 1)
  }
}

function endOfAnyList(from: u32, depth: u32): u32 {
  if (depth > maxDepth) return 0
  let p = endOfSpace(from + 1)
  if (load<u8>(p) == 0x5d) return p + 1
  while (true) {
    p = endOfAny(p, depth + 1)
    if (p == 0) return 0
    p = endOfSpace(p)
    const byte = load<u8>(p)
    if (byte == 0x5d) return p + 1
    if (byte != 0x2c) return 0
    p = endOfSpace(p + 1)
  }
}
