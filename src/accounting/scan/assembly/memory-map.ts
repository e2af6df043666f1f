/** Where things stand in the module's memory. `../wasm-scanner.ts` knows the same places. */

/** What the fields of a row are, as `../field-roles.ts` writes it. */
export const roles: u32 = 0x1000
/** Open hash table of pattern numbers; a power of two of slots. */
export const patternSlots: u32 = 0x8000
export const patternSlotCount: u32 = 4096
/** For each known pattern, by number from 1: where it stands, its length, its hash. */
export const patternEntries: u32 = 0xc000
export const patternEntryBytes: u32 = 12
export const maxPatterns: u32 = 1024
/** The known patterns, one behind the other. */
export const patternTexts: u32 = 0x10000
export const patternTextsEnd: u32 = 0xb0000
/** The pattern of the line that is scanned; behind its longest there is room for one more piece. */
export const pattern: u32 = 0xb0000
export const patternEnd: u32 = 0xb4000
export const records: u32 = 0xb8000
export const recordBytes: u32 = 40
export const recordsEnd: u32 = records + recordBytes * 256
export const holes: u32 = 0xc0000
export const holeBytes: u32 = 12
export const holesEnd: u32 = holes + holeBytes * 16_384
/** The most that one line may have. */
export const holesOfLine: u32 = holeBytes * 1024
export const input: u32 = 0x100000
/** Vectors are read past the end of what is scanned. */
export const padding: u32 = 64
