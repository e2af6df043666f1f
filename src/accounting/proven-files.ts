import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import { batchFileName } from '../workspace/file-names.js'
import type { MoveIntent } from '../workspace/metadata.js'
import { rowKinds } from '../workspace/move-intent.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { ProvenFile } from '../workspace/proven-file.js'
import { readProof, type AccountingProof } from './proof.js'

/**
 * The files of a triple as its proof in `logs/` has them, for a move that an earlier run has begun.
 *
 * @throws ProofMissing, ProofMismatch
 */
export async function readProvenFiles(
  { fileSystem, layout }: BatchWorkspace,
  index: string,
): Promise<readonly ProvenFile[]> {
  const path = layout.accountingFile(index)
  const proof = await readProof(fileSystem, path)
  if (proof === null) {
    throw reconciliationError(
      {
        code: 'ProofMissing',
        message: `${path} was removed before triple ${index} could move; nothing was moved.`,
        hint: 'Run again: the files are counted anew, and a new proof is written.',
        facts: { index, path },
      },
      { index },
    )
  }
  return proof.files.map(({ kind, bytes, sha256 }) => ({
    kind,
    path: layout.workdirFile(kind, index),
    bytes,
    sha256,
    identity: null,
  }))
}

/**
 * Whether what a move was intended for still stands: a proof of exactly the files the intent lists, and the results.
 * Without them the rows have to be counted and processed again, whatever the intent says.
 */
export async function hasEvidence(
  { fileSystem, layout }: BatchWorkspace,
  { index, rootIndex }: { readonly index: string; readonly rootIndex: string },
  intent: MoveIntent,
): Promise<boolean> {
  const proof = await proofOrNull(() => readProof(fileSystem, layout.accountingFile(index)))
  if (proof === null || proof.index !== index || !provesFiles(proof, intent)) return false
  return (await fileSystem.stat(layout.resultsFile(rootIndex)))?.kind === 'file'
}

/** A proof that cannot be read proves nothing; it is made anew. */
async function proofOrNull(read: () => Promise<AccountingProof | null>): Promise<AccountingProof | null> {
  try {
    return await read()
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'ProofMismatch') return null
    throw error
  }
}

function provesFiles({ index, verdict, files }: AccountingProof, intent: MoveIntent): boolean {
  const isBalanced = verdict === 'balanced' || verdict === 'balanced-with-missing'
  return (
    isBalanced &&
    rowKinds.every((kind) => {
      const proven = files.find((file) => file.kind === kind)
      const intended = intent.files.find(({ name }) => name === batchFileName(kind, index))
      return proven?.sha256 === intended?.sha256
    })
  )
}
