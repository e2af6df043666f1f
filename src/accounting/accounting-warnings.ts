import { countOf } from '../units.js'
import { examples, repeats, unreadableWords } from './accounting-words.js'
import { areTooManyUnrecognised, lookWords } from './unrecognised-answers.js'
import type { Findings } from './verdict.js'

/** Sentences about what is odd and stands in nobody's way. One a kind, so the list stays short. */
export function accountingWarnings(findings: Findings): string[] {
  const { tally, counts } = findings
  const unreadableAnswers = tally.unreadableLines.filter((line) => line.kind !== 'input')
  const repeatedRequests = tally.entry('repeatedRequest')
  const repeatedAnswers = tally.entry('repeatedAnswer')
  const overruled = tally.entry('overruledFailure')
  const secondFailures = tally.entry('secondFailure')
  const overruledRows = tally.entry('overruledRow')
  const chosen = tally.entry('chosenAnswer')
  const unproven = tally.entry('unproven')
  const unrecognised = tally.entry('unrecognised')
  const opaque = tally.entry('opaque')
  const inBoth = tally.entry('inBoth')
  return [
    when(counts.input === 0 && counts.unreadable === 0, 'The input file holds no requests.'),
    when(
      repeatedRequests.count > 0,
      `${repeats(repeatedRequests.count, 'input row')} a request byte for byte; each counts once${examples(repeatedRequests)}.`,
    ),
    when(
      repeatedAnswers.count > 0,
      `${repeats(repeatedAnswers.count, 'answer row')} an answer that was here already; each counts once${examples(repeatedAnswers)}.`,
    ),
    when(
      overruled.count > 0,
      `A success and a failure stand for one request in ${countOf(overruled.count, 'row')}; the success counts${examples(overruled)}.`,
    ),
    when(
      secondFailures.count > 0,
      `A second, different failure stands for one request in ${countOf(secondFailures.count, 'row')}; the first counts${examples(secondFailures)}.`,
    ),
    when(
      overruledRows.count > 0,
      `An answer that is no success and another row stand for one request in ${countOf(overruledRows.count, 'row')}; what was answered counts${examples(overruledRows)}.`,
    ),
    when(
      chosen.count > 0,
      `Two different successes answer one request in ${countOf(chosen.count, 'row')}; the ${findings.accepted.keep} counts, as somebody decided${examples(chosen)}.`,
    ),
    when(
      unproven.count > 0,
      `${countOf(unproven.count, 'answer')} stopped for a reason that is missing or not known, so nobody can say that they are whole (unproven)${examples(unproven)}.`,
    ),
    when(
      unrecognised.count > 0 && !areTooManyUnrecognised(findings),
      `${countOf(unrecognised.count, 'answer row')} cannot be understood; ${lookWords(tally.looks.slice(0, 3))}${examples(unrecognised)}. Such a request is never sent again unless asked for by name.`,
    ),
    when(
      opaque.count > 0,
      `${countOf(opaque.count, 'answer')} came from an endpoint that is not known here${endpointWords(tally.unknownEndpoints)}; the bodies are kept whole and were not checked${examples(opaque)}.`,
    ),
    when(
      inBoth.count > 0,
      `The output and the error file both answer ${countOf(inBoth.count, 'request')}${examples(inBoth)}.`,
    ),
    when(
      tally.unreadableInputLines < counts.unreadable,
      `${unreadableWords(counts.unreadable - tally.unreadableInputLines, unreadableAnswers[0])}; kept in failed-items/.`,
    ),
  ].flat()
}

function endpointWords(endpoints: readonly string[]): string {
  return endpoints.length === 0 ? '' : ` (${endpoints.slice(0, 3).join(', ')})`
}

function when(isSo: boolean, sentence: string): string[] {
  return isSo ? [sentence] : []
}
