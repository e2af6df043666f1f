/** The system's name for an error (`ENOENT`, `ENOSPC`, …), or `null` when it is no error of the system. */
export function systemErrorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}
