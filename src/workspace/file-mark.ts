import type { FileStat } from './file-system.js'

/** Size and times of a file: another text means that somebody touched it. `null` stands for none. */
export function markOfFile(found: FileStat | null): string {
  return found === null ? '-' : `${found.bytes}@${found.modifiedAtMs}/${found.changedAtMs ?? ''}`
}
