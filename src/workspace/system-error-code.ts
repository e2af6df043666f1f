/** The system's name for an error (`ENOENT`, `ENOSPC`, …), or `null` when it is no error of the system. */
export function systemErrorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

/** True when something stands where a regular file was to be opened: a directory, a pipe, a link that leads nowhere. */
export const isNoRegularFile = (error: unknown): boolean =>
  ['EISDIR', 'ENXIO', 'ELOOP'].includes(systemErrorCode(error) ?? '')
