/** Lists of numbers, sixty-four bytes a step: embeddings are nearly nothing but these. */

/** Numbers of the last block. */
export let numbersInBlock: u32 = 0
/** White space stands between them. */
export let hasSpacesInBlock: bool = false

/**
 * Takes all numbers of a list that end, with their comma, within the sixty-four bytes from `from` on, where a number
 * begins. Gives where it stands behind the last comma, or `from` when it is not sure of all of them: `endOfNumber` then
 * looks at the next number alone. What it takes are numbers without an exponent and, behind a comma, spaces.
 *
 * Each mask has a bit for each byte of the block, the first byte in the lowest one.
 */
export function endOfNumberBlock(from: u32): u32 {
  const digitBits = maskOf(from, Class.digit)
  const spaceBits = maskOf(from, Class.space)
  const minusBits = maskOf(from, Class.minus)
  const pointBits = maskOf(from, Class.point)
  const commaBits = maskOf(from, Class.comma)
  const others = ~(digitBits | spaceBits | minusBits | pointBits | commaBits)
  const wholeCommas = commaBits & below(others)
  if (wholeCommas == 0) return from
  const length = 64 - u32(clz(wholeCommas))
  const block = u64.MAX_VALUE >> u64(64 - length)

  const digits = digitBits & block
  const spaces = spaceBits & block
  const minuses = minusBits & block
  const points = pointBits & block
  const commas = commaBits & block
  // Behind a comma, or a space, a number begins, or one more space.
  const gaps = ((commas | spaces) << 1) | 1
  const starts = gaps & (digits | minuses)
  const firstDigits = ((minuses << 1) | starts) & digits
  // The carry of the sum runs through the digits from the first one on, to the byte behind them.
  const behindWholes = (digits + firstDigits) & ~digits
  const zeros = maskOf(from, Class.zero) & firstDigits
  const wrong =
    (spaces & ~gaps) |
    (minuses & ~starts) |
    ((minuses << 1) & ~digits) |
    (points & ~behindWholes) |
    ((points << 1) & ~digits) |
    (commas & ~(digits << 1)) |
    ((zeros << 1) & digits)
  if ((wrong & block) != 0) return from
  numbersInBlock = u32(popcnt(commas))
  hasSpacesInBlock = spaces != 0
  return from + length
}

/** The bits below the lowest one that is set. */
// @ts-ignore: decorator
@inline
function below(bits: u64): u64 {
  return (bits - 1) & ~bits
}

namespace Class {
  export const digit: u8 = 0
  export const zero: u8 = 0x30
  export const space: u8 = 0x20
  export const minus: u8 = 0x2d
  export const point: u8 = 0x2e
  export const comma: u8 = 0x2c
}

// @ts-ignore: decorator
@inline
function maskOf(from: u32, kind: u8): u64 {
  return (
    bitsOf(v128.load(from), kind) |
    (bitsOf(v128.load(from, 16), kind) << 16) |
    (bitsOf(v128.load(from, 32), kind) << 32) |
    (bitsOf(v128.load(from, 48), kind) << 48)
  )
}

// @ts-ignore: decorator
@inline
function bitsOf(block: v128, kind: u8): u64 {
  const isOfKind =
    kind == Class.digit
      ? i8x16.lt_u(i8x16.sub(block, i8x16.splat(0x30)), i8x16.splat(10))
      : i8x16.eq(block, i8x16.splat(kind))
  return u64(u16(i8x16.bitmask(isOfKind)))
}
