/** What the fields of a row are to the pattern: the tree that `../field-roles.ts` writes into the memory. */
import * as at from './memory-map'

export namespace Role {
  /** Stands in the pattern as it is. */
  export const kept: u8 = 0
  /** A hole where it is text with words in it, or a number. */
  export const filled: u8 = 1
  /** A hole, whatever it is. */
  export const ignored: u8 = 2
  /** A hole where it is a list of numbers; how many they are is kept. */
  export const vector: u8 = 3
  /** A list of which only the length, and what its first item is, are kept; a hole where it is no list. */
  export const counted: u8 = 4
  /** The `custom_id`. */
  export const id: u8 = 5
  /** A row that has it is not plain. */
  export const barred: u8 = 6
}

/** A node: its role, the number of its fields (two bytes each), the node of all other fields, then the fields. */
const nodeHeader: u32 = 8
/** A field: its name (first, second and last eight bytes), the length of the name, the node of its value. */
const fieldBytes: u32 = 32

// @ts-ignore: decorator
@inline
export function roleOf(node: u32): u8 {
  return load<u8>(at.roles + node)
}

/** The node of a field's value. No name in the tree is longer than 24 bytes. */
export function fieldOf(node: u32, name: u32, length: u32): u32 {
  const start = at.roles + node
  const first = load<u64>(name) & (length >= 8 ? u64.MAX_VALUE : (u64(1) << (u64(length) * 8)) - 1)
  let field = start + nodeHeader
  for (let left = u32(load<u16>(start, 2)); left > 0; left -= 1) {
    if (load<u64>(field) == first && load<u32>(field, 24) == length && hasRest(field, name, length)) {
      return load<u32>(field, 28)
    }
    field += fieldBytes
  }
  return load<u32>(start, 4)
}

// @ts-ignore: decorator
@inline
function hasRest(field: u32, name: u32, length: u32): bool {
  if (length <= 8) return true
  return load<u64>(field, 16) == load<u64>(name + length - 8) && (length <= 16 || load<u64>(field, 8) == load<u64>(name + 8))
}
