import type { Problem, ProblemCode } from '../../machines/index.js'
import { countOf, countText } from '../units.js'
import { acceptCommand, examples, looksWords, rootOf, unreadableWords } from './accounting-words.js'
import { workspaceLayout } from '../workspace/layout.js'
import type { Tally } from './tally.js'
import type {
  AcceptedFaults,
  AccountedFile,
  AccountingCounts,
  AccountingVerdict,
} from './triple-accounting.js'
import { areTooManyUnrecognised, unrecognisedAnswers } from './unrecognised-answers.js'

/** What the books of one triple say when all files are read. */
export interface Findings {
  readonly index: string
  readonly counts: AccountingCounts
  readonly tally: Tally
  readonly files: readonly AccountedFile[]
  readonly isCutShort: boolean
  readonly accepted: AcceptedFaults
}

/**
 * Judges a triple, the gravest fault first: an input that is not understood whole makes every other finding
 * doubtful, and a conflict is doubtful even where all ids match.
 */
export function verdictOf(findings: Findings): AccountingVerdict {
  const { counts, tally, isCutShort, accepted } = findings
  if (tally.unreadableInputLines > 0) return mismatch(unreadableInput(findings))
  if (tally.entry('answerAsRequest').count > 0) return mismatch(answersAsInput(findings))
  if (tally.entry('differentRequest').count > 0) return mismatch(duplicateRequests(findings))
  if (counts.conflicting > 0) return mismatch(conflictingAnswers(findings))
  if (counts.unknown > 0) return mismatch(unknownAnswers(findings))
  if (areTooManyUnrecognised(findings)) return mismatch(unrecognisedAnswers(findings))
  if (counts.missing === 0) return { type: 'balanced' }
  // An unreadable line may hold the answer of a missing request: to call that "not executed" would pay for it twice.
  const wasNotExecuted = isCutShort && counts.unreadable === 0
  if (wasNotExecuted || accepted.missing) return { type: 'balanced-with-missing' }
  return { type: 'ids-missing', problem: missingAnswers(findings) }
}

function mismatch(fault: Problem): AccountingVerdict {
  return { type: 'mismatch', problem: { ...fault, needsPerson: true } }
}

function unreadableInput(findings: Findings): Problem {
  const { tally } = findings
  const first = tally.unreadableLines.find((line) => line.kind === 'input')
  const input = findings.files.filter((file) => file.kind === 'input')
  const words = `${unreadableWords(tally.unreadableInputLines, first)} in the input file; every line must be a request`
  return problem(findings, 'UnreadableInputLines', `${words}${looksWords(input)}`, {
    hint: `${cures(input)}Put the input file back as it was uploaded; without it nobody can tell whether every request was answered.`,
  })
}

/** An answer names a request and is none: counted as one, it would answer itself. */
function answersAsInput(findings: Findings): Problem {
  const entry = findings.tally.entry('answerAsRequest')
  const verb = entry.count === 1 ? 'looks' : 'look'
  const words = `${countOf(entry.count, 'line')} in the input file ${verb} like an answer, not a request${examples(entry)}; every line must be a request`
  return problem(findings, 'UnreadableInputLines', words, {
    hint: 'The file holds answers. Put the requests of this batch in its place, as they were uploaded, and run again.',
  })
}

/** The way to turn each file that was recognised into rows; nothing when none was. */
function cures(files: readonly AccountedFile[]): string {
  const known = files.flatMap(({ dialect }) => (dialect === null ? [] : [dialect.cure]))
  return known.length === 0 ? '' : `${known.join('. ')}. Then run again. Or: `
}

function duplicateRequests(findings: Findings): Problem {
  const entry = findings.tally.entry('differentRequest')
  const words = `the input uses one custom_id for different requests in ${countOf(entry.count, 'row')}${examples(entry)}`
  return problem(findings, 'DuplicateRequestIds', words, {
    hint: 'Answers to shared ids cannot be told apart. Move the files of this triple out of workdir/, give every request its own custom_id, and send it with `submit --again`.',
  })
}

function conflictingAnswers(findings: Findings): Problem {
  const entry = findings.tally.entry('conflicting')
  const words = `two different successes answer ${countOf(entry.count, 'request')}${examples(entry)}`
  return problem(findings, 'ConflictingAnswers', words, {
    hint: `Look at both, then say which of them counts, the first or the last in the files: \`${acceptCommand(findings.index, findings.files)} --keep first\` or \`--keep last\`.`,
  })
}

function unknownAnswers(findings: Findings): Problem {
  const { counts } = findings
  const isForeign = counts.matched * 20 <= counts.unknown
  const foreign = isForeign ? '. The answers seem to belong to another batch' : ''
  return problem(findings, 'RequestIdsMismatch', `${idFaults(findings)}${foreign}`, {
    hint: isForeign
      ? 'Check that input, output and error file come from the same batch; put the right ones in place and run again.'
      : 'Remove the rows of other batches from the output or error file, or put requests back that were removed from the input; then run again.',
  })
}

function missingAnswers(findings: Findings): Problem {
  const answers = findings.files.filter((file) => file.kind !== 'input')
  const isUnreadable = findings.counts.unreadable > 0
  const layout = workspaceLayout(rootOf(findings.files))
  const missing = problem(findings, 'RequestIdsMismatch', `${idFaults(findings)}${looksWords(answers)}`, {
    hint: `${isUnreadable ? unreadableHint(answers) : completeHint} A run keeps all missing ids in ${layout.missingFile(findings.index)}. To go on without them: \`${acceptCommand(findings.index, findings.files)}\`.`,
  })
  // A cut file may come whole with the next download; a file of another dialect stays what it is.
  const isForeign = answers.some(({ dialect }) => dialect !== null)
  return isForeign ? { ...missing, needsPerson: true } : missing
}

const completeHint = 'If the whole files are to be had, put them in the place of these and run again.'

/** Whoever sent these requests anew would perhaps pay twice: the lines may be their answers. */
function unreadableHint(answers: readonly AccountedFile[]): string {
  const known = answers.flatMap(({ dialect }) => (dialect === null ? [] : [dialect.cure]))
  const cure = known.length === 0 ? 'Put the whole file in its place, or mend them' : known.join('. ')
  return `The lines that cannot be read may be the missing answers, so nothing is sent again. ${cure}, then run again.`
}

/** `3 of 500 requests have no answer (e.g. …), 2 answers belong to no request (e.g. …), 1 line is unreadable (…)`. */
function idFaults({ counts, tally }: Findings): string {
  const missing = tally.entry('missing')
  const requests = counts.matched + counts.missing
  const have = counts.missing === 1 ? 'has' : 'have'
  const belong = counts.unknown === 1 ? 'belongs' : 'belong'
  const faults = [
    counts.missing > 0
      ? `${countText(counts.missing)} of ${countOf(requests, 'request')} ${have} no answer${examples(missing)}`
      : '',
    counts.unknown > 0
      ? `${countOf(counts.unknown, 'answer')} ${belong} to no request${examples(tally.entry('unknown'))}`
      : '',
    counts.unreadable > 0 ? unreadableWords(counts.unreadable, tally.unreadableLines[0]) : '',
  ]
  return faults.filter((fault) => fault !== '').join(', ')
}

function problem(
  { index, counts, tally, files }: Findings,
  code: ProblemCode,
  words: string,
  { hint }: { readonly hint: string },
): Problem {
  const samples = Object.fromEntries(
    (['missing', 'unknown', 'conflicting', 'differentRequest'] as const).map((topic) => [
      topic,
      tally.entry(topic).samples,
    ]),
  )
  const names = files.map((file) => file.name)
  return {
    code,
    message: `Triple ${index}: ${words}.`,
    hint,
    facts: { index, files: names, counts, samples },
  }
}
