/** The patterns that the caller has learned. */
import * as at from './memory-map'

let count: u32 = 0
let textsEnd: u32 = at.patternTexts

/** The number of the known pattern that stands from `at.pattern` to `end`, from 1; 0 when it is not known. */
export function patternNumber(end: u32): u32 {
  const length = end - at.pattern
  const hash = hashOfPattern(end)
  let slot = slotOf(hash)
  for (let number = numberIn(slot); number != 0; number = numberIn(slot)) {
    const entry = entryOf(number)
    const isSame = load<u32>(entry, 8) == hash && load<u32>(entry, 4) == length
    if (isSame && isPattern(load<u32>(entry), length)) return number
    slot = (slot + 1) & (at.patternSlotCount - 1)
  }
  return 0
}

/** Keeps the pattern from `at.pattern` to `end`; gives its number, 0 when there is no room for one more. */
export function addPattern(end: u32): u32 {
  const length = end - at.pattern
  if (count == at.maxPatterns || textsEnd + length > at.patternTextsEnd) return 0
  count += 1
  const hash = hashOfPattern(end)
  const entry = entryOf(count)
  memory.copy(textsEnd, at.pattern, length)
  store<u32>(entry, textsEnd)
  store<u32>(entry, length, 4)
  store<u32>(entry, hash, 8)
  textsEnd += length
  let slot = slotOf(hash)
  while (numberIn(slot) != 0) slot = (slot + 1) & (at.patternSlotCount - 1)
  store<u32>(at.patternSlots + slot * 4, count)
  return count
}

/** Sixteen bytes a step, and the last sixteen once more; no pattern is shorter. */
function isPattern(text: u32, length: u32): bool {
  const last = length - 16
  for (let done: u32 = 0; done < last; done += 16) {
    if (!isSameBlock(text + done, at.pattern + done)) return false
  }
  return isSameBlock(text + last, at.pattern + last)
}

// @ts-ignore: decorator
@inline
function isSameBlock(one: u32, other: u32): bool {
  return i8x16.all_true(i8x16.eq(v128.load(one), v128.load(other)))
}

/** Forgets all of them. */
export function clearPatterns(): void {
  count = 0
  textsEnd = at.patternTexts
  memory.fill(at.patternSlots, 0, at.patternSlotCount * 4)
}

// @ts-ignore: decorator
@inline
function numberIn(slot: u32): u32 {
  return load<u32>(at.patternSlots + slot * 4)
}

// @ts-ignore: decorator
@inline
function entryOf(number: u32): u32 {
  return at.patternEntries + (number - 1) * at.patternEntryBytes
}

// @ts-ignore: decorator
@inline
function slotOf(hash: u32): u32 {
  return hash & (at.patternSlotCount - 1)
}

/** Eight bytes a step; the pattern has room behind its end. */
function hashOfPattern(end: u32): u32 {
  store<u64>(end, 0)
  let hash: u64 = u64(end - at.pattern)
  for (let p = at.pattern; p < end; p += 8) {
    hash = (hash ^ load<u64>(p)) * 0x9e3779b97f4a7c15
    hash ^= hash >> 29
  }
  return u32(hash ^ (hash >> 32))
}
