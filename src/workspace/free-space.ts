import type { BatchWorkspace } from './open-workspace.js'

/** With less, the next file or journal may not find room. */
const leastFreeBytes = 64 * 1024

/**
 * What to say of a disk on which nothing can be written any more: then what a run noted last is not its end. `null` while
 * there is room, and where the disk does not say.
 */
export async function fullDiskText({ fileSystem, root }: BatchWorkspace): Promise<string | null> {
  const bytes = (await fileSystem.freeBytes?.(root)) ?? null
  if (bytes === null || bytes >= leastFreeBytes) return null
  return `The disk of ${root} is full (${bytes} bytes are free), so that what is told here may be past: runs could not note what stopped them. Free some space and run again; nothing was lost.`
}
