import type { FileFact } from '../../machines/index.js'
import type { Acceptance } from '../workspace/metadata.js'
import { nothingAccepted, type AcceptedFaults, type AccountedFile } from './triple-accounting.js'

/** What somebody decided, as the accounting goes by it. */
export function acceptedFaultsOf(acceptance: Acceptance | null | undefined): AcceptedFaults {
  if (acceptance == null) return nothingAccepted
  const { missing, unrecognised, keep = null } = acceptance
  return { missing, unrecognised, keep }
}

/** A decision is about the bytes somebody looked at: files that came later are judged by themselves. */
export function doesAcceptanceFit(acceptance: Acceptance, files: readonly AccountedFile[]): boolean {
  return (
    acceptance.files.length === files.length &&
    files.every(({ kind, sha256 }) =>
      acceptance.files.some((accepted) => accepted.kind === kind && accepted.sha256 === sha256),
    )
  )
}

/** Whether missing answers of the files that stand here were accepted, by names and sizes; the check compares bytes. */
export function isAcceptanceOf(
  acceptance: Acceptance | null | undefined,
  files: Readonly<Record<'input' | 'output' | 'error', FileFact | null>>,
): boolean {
  if (acceptance == null || !acceptance.missing) return false
  return (['input', 'output', 'error'] as const).every((kind) => {
    const accepted = acceptance.files.find((file) => file.kind === kind)
    return (accepted?.bytes ?? null) === (files[kind]?.bytes ?? null)
  })
}
