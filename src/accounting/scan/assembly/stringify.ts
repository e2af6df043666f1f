/** How `JSON.stringify` writes what a JSON string means; `../copy-stringified.ts` is the same in plain TypeScript. */
import { hexNumber } from './tokens'

/**
 * Copies a JSON string, quotes and all, without the escapes that need not be; gives where the copy ends. It is never
 * longer. Sixteen bytes behind either end may be read, and written.
 */
export function copyStringified(from: u32, end: u32, to: u32): u32 {
  const backslashes = i8x16.splat(0x5c)
  let source = from
  let target = to
  while (source < end) {
    const block = v128.load(source)
    v128.store(target, block)
    const mask = i8x16.bitmask(i8x16.eq(block, backslashes))
    const plain = min(mask == 0 ? 16 : u32(ctz(mask)), end - source)
    source += plain
    target += plain
    if (plain == 16 || source == end) continue
    const escaped = load<u8>(source, 1)
    if (escaped == 0x75) {
      const code = codeAt(source)
      target = writeCode(code, target)
      source += code > 0xffff ? 12 : 6
    } else {
      if (escaped != 0x2f) {
        store<u8>(target, 0x5c)
        target += 1
      }
      store<u8>(target, escaped)
      target += 1
      source += 2
    }
  }
  return target
}

/** The character of an escape, and of the one behind it where the two are a pair. */
function codeAt(from: u32): u32 {
  const unit = hexNumber(from + 2)
  if (unit < 0xd800 || unit >= 0xdc00 || load<u16>(from, 6) != 0x755c) return unit
  const low = hexNumber(from + 8)
  return low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : unit
}

function writeCode(code: u32, to: u32): u32 {
  if (code < 0x80) return writeAscii(u8(code), to)
  if (code >= 0xd800 && code < 0xe000) return writeEscape(code, to)
  const tails: u32 = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
  const lead: u32 = code < 0x800 ? 0xc0 : code < 0x10000 ? 0xe0 : 0xf0
  store<u8>(to, u8(lead | (code >> (6 * tails))))
  for (let left = tails; left > 0; left -= 1) {
    store<u8>(to + 1 + tails - left, u8(0x80 | ((code >> (6 * (left - 1))) & 0x3f)))
  }
  return to + 1 + tails
}

function writeAscii(byte: u8, to: u32): u32 {
  if (byte >= 0x20 && byte != 0x22 && byte != 0x5c) {
    store<u8>(to, byte)
    return to + 1
  }
  const short = shortEscape(byte)
  if (short == 0) return writeEscape(u32(byte), to)
  store<u8>(to, 0x5c)
  store<u8>(to, short, 1)
  return to + 2
}

/** The letter behind the backslash, where there is one. */
function shortEscape(byte: u8): u8 {
  if (byte == 0x22 || byte == 0x5c) return byte
  if (byte == 0x08) return 0x62
  if (byte == 0x09) return 0x74
  if (byte == 0x0a) return 0x6e
  if (byte == 0x0c) return 0x66
  return byte == 0x0d ? 0x72 : 0
}

function writeEscape(code: u32, to: u32): u32 {
  store<u16>(to, 0x755c)
  for (let digit: u32 = 0; digit < 4; digit += 1) {
    const value = (code >> (12 - 4 * digit)) & 0xf
    store<u8>(to + 2 + digit, u8(value + (value < 10 ? 0x30 : 0x57)))
  }
  return to + 6
}
