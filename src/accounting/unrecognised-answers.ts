import { basename } from 'node:path'
import type { Problem } from '../../machines/index.js'
import { countOf, countText } from '../units.js'
import { acceptCommand, examples } from './accounting-words.js'
import type { Findings } from './verdict.js'

/** So many odd rows may stand in a file that is otherwise understood. */
const maxUnrecognised = 3

const shownLooks = 3

/**
 * True when the files cannot be taken for answers to these requests: no answer is understood, or more than a few are
 * not. The ids alone would have called such a triple done.
 */
export function areTooManyUnrecognised({ counts, tally, accepted }: Findings): boolean {
  const { count } = tally.entry('unrecognised')
  return !accepted.unrecognised && count > 0 && (count === counts.matched || count > maxUnrecognised)
}

/** The problem of such a triple. */
export function unrecognisedAnswers({ index, counts, tally, files }: Findings): Problem {
  const entry = tally.entry('unrecognised')
  const looks = tally.looks.slice(0, shownLooks)
  const names = files.filter(({ kind }) => kind !== 'input').map(({ name }) => basename(name))
  const verb = entry.count === 1 ? 'is' : 'are'
  return {
    code: 'UnrecognisedAnswers',
    message:
      `Triple ${index}: ${countText(entry.count)} of ${countOf(counts.matched, 'answer')} in ` +
      `${names.join(' and ')} ${verb} not understood${examples(entry)}; ${lookWords(looks)}. Nothing was moved or sent again.`,
    hint:
      `Put the output file of the OpenAI batch in place of ${names.join(' and ')} and run again; or go on with what ` +
      `is here with \`${acceptCommand(index, files)}\`.`,
    needsPerson: true,
    facts: {
      index,
      files: names,
      counts,
      unrecognised: entry.count,
      looks,
      samples: { unrecognised: entry.samples },
    },
  }
}

/** `what stands there looks like an Anthropic Message Batches result`, or what the judge's codes mean. */
export function lookWords(looks: readonly string[]): string {
  const words = looks.map((look) => wordsOfCode.get(look) ?? look)
  return `what stands there looks like ${words.join(', or ')}`
}

const wordsOfCode: ReadonlyMap<string, string> = new Map([
  ['unrecognised_row', 'a row without an answer and without an error'],
  ['unrecognised_body', 'a body that is no answer of its endpoint'],
  ['wrong_shape', 'an answer of another endpoint'],
  ['request_echo', 'the request itself'],
  ['nested_too_deep', 'JSON that nests too deep to be read'],
])
