import { isDoneState, type Problem, type ProblemCode } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import { batchIndexKind, parseBatchIndex, type BatchIndex } from './batch-index.js'
import { asFileProblem } from './file-problem.js'
import { problemCodeOf, type JournalEntry } from './journal-entry.js'
import { readJournalEnd } from './journal-end.js'
import type { BatchWorkspace } from './open-workspace.js'
import { shellWord } from './shell-word.js'

/** What the journal of a triple knows that only its metadata says else. */
export interface LostMetadata {
  /** `null` when none was noted: a submission was begun, or the triple is a retry that was not sent yet. */
  readonly batchId: string | null
  readonly wasAsked: boolean
  readonly attempt: number
  readonly parentIndex: BatchIndex | null
  readonly rootIndex: BatchIndex
  /** How large its input was when it was finished, in bytes; `null` when it never was. */
  readonly finishedBytes: number | null
}

/** Of the files of a triple without metadata: which stand. */
export interface StandingFiles {
  readonly index: BatchIndex
  readonly input: { readonly path: string } | null
  readonly hasAnswers: boolean
}

/**
 * A triple without metadata is one that was never sent, or one whose metadata is lost: then its batch may be running, and
 * sending the input would pay for it twice. The journal tells which.
 *
 * @throws BatchMetadataLost
 */
export async function requireNeverSent(workspace: BatchWorkspace, files: StandingFiles): Promise<void> {
  const { index, input, hasAnswers } = files
  // Answers that somebody put beside an input are proven by themselves, unless they belong to the lineage of another.
  if (input === null || (hasAnswers && batchIndexKind(index) === 'number')) return
  const lost = await lostMetadata(workspace, index, input.path)
  if (lost === null || (hasAnswers && lost.rootIndex === index)) return
  throw reconciliationError(problemOf(workspace, input.path, index, lost), { index })
}

/**
 * What the journal says of a triple that had metadata; `null` when it says nothing, or when it was finished and another
 * input has its name now.
 *
 * @param inputPath the input that stands under its name, absolute
 */
export async function lostMetadata(
  workspace: BatchWorkspace,
  index: BatchIndex,
  inputPath: string,
): Promise<LostMetadata | null> {
  const entry = await lastTold(workspace, index)
  const lost = entry === null ? null : toldBy(index, entry)
  if (lost === null || lost.finishedBytes === null) return lost
  const input = await workspace.fileSystem
    .stat(inputPath)
    .catch(asFileProblem({ path: inputPath, action: 'look at', index }))
  return lost.finishedBytes === input?.bytes ? lost : null
}

/** Problems whose facts are those of `LostMetadata`. */
const lostCodes: ReadonlySet<string | null> = new Set<ProblemCode>([
  'BatchMetadataLost',
  'BatchMetadataMixedUp',
])

/** More than a triple notes between two looks at its metadata. */
const mostEntries = 1_000

async function lastTold(workspace: BatchWorkspace, index: BatchIndex): Promise<JournalEntry | null> {
  const path = workspace.layout.journalFile(index)
  const entries = await readJournalEnd(workspace, index, tells, mostEntries).catch(
    asFileProblem({ path, action: 'read', index }),
  )
  return entries.find(tells) ?? null
}

/** An entry tells of the metadata when the files had been looked at, or when it was missed before. */
const tells = ({ facts }: JournalEntry): boolean =>
  typeof facts?.['submission'] === 'string' || lostCodes.has(problemCodeOf(facts))

function toldBy(index: BatchIndex, { facts, to }: JournalEntry): LostMetadata | null {
  const told = lostCodes.has(problemCodeOf(facts)) ? factsOfProblem(facts) : facts
  const batchId = textOf(told?.['batchId'])
  const attempt = told?.['attempt']
  const lost: LostMetadata = {
    batchId,
    wasAsked: batchId !== null || told?.['submission'] !== 'none',
    attempt: Number.isSafeInteger(attempt) && Number(attempt) > 0 ? Number(attempt) : 1,
    parentIndex: indexOf(told?.['parentIndex']),
    rootIndex: indexOf(told?.['rootIndex']) ?? index,
    finishedBytes: isDoneState(to) ? bytesIn(facts?.['input']) : bytesOf(told?.['finishedBytes']),
  }
  return lost.wasAsked || lost.rootIndex !== index ? lost : null
}

function factsOfProblem(facts: JournalEntry['facts']): JournalEntry['facts'] {
  return (facts?.['problem'] as Problem | undefined)?.facts
}

const bytesIn = (file: unknown): number | null =>
  typeof file === 'object' && file !== null ? bytesOf(Reflect.get(file, 'bytes')) : null

const bytesOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const indexOf = (value: unknown): BatchIndex | null =>
  typeof value === 'string' ? parseBatchIndex(value) : null

function problemOf({ root }: BatchWorkspace, input: string, index: BatchIndex, lost: LostMetadata): Problem {
  const { wasAsked } = lost
  return {
    code: 'BatchMetadataLost',
    message: `The metadata of triple ${index} is gone, and its journal ${knownText(lost)}. Nothing of it is sent.`,
    hint: `Put batch_metadata_${index}.jsonl back if you have it. ${adoptText(root, index, lost)}${againText(root, input, index, lost)}`,
    needsPerson: true,
    facts: { index, submission: wasAsked ? 'intended' : 'none', ...lost },
  }
}

function knownText({ batchId, wasAsked, rootIndex }: LostMetadata): string {
  if (batchId !== null) return `knows batch ${batchId} of it`
  return wasAsked ? 'says that its submission was begun' : `says that it is a retry of triple ${rootIndex}`
}

function adoptText(root: string, index: BatchIndex, { batchId, wasAsked }: LostMetadata): string {
  if (!wasAsked) return ''
  const command = `batch-reconciler adopt ${shellWord(root)} ${index}`
  return batchId === null
    ? `Else look at the server for a batch whose metadata says index ${index}, and if there is one: \`${command} <batch id>\`. `
    : `Else take the batch up again: \`${command} ${shellWord(batchId)}\`, then run. `
}

/** What a retry asks for stands in the results of its root, which can have another one made. */
function againText(root: string, input: string, index: BatchIndex, { rootIndex }: LostMetadata): string {
  const condition = 'Only if there is none, or its requests are to be paid for once more:'
  return rootIndex === index
    ? `${condition} \`batch-reconciler submit ${shellWord(root)} ${shellWord(input)} --again\`, then take ${input} away.`
    : `${condition} move ${input} out of workdir/, then \`batch-reconciler retry ${shellWord(root)} ${rootIndex}\`.`
}
