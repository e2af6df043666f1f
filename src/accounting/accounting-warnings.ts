import { examples, plural, repeats, unreadableWords } from './accounting-words.js'
import type { Findings } from './verdict.js'

/** Sentences about what is odd and stands in nobody's way. One a kind, so the list stays short. */
export function accountingWarnings(findings: Findings): string[] {
  const { tally, counts } = findings
  const unreadableAnswers = tally.unreadableLines.filter((line) => line.kind !== 'input')
  const repeatedRequests = tally.entry('repeatedRequest')
  const repeatedAnswers = tally.entry('repeatedAnswer')
  const overruled = tally.entry('overruledFailure')
  const secondFailures = tally.entry('secondFailure')
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
      `A success and a failure stand for one request in ${plural(overruled.count, 'row')}; the success counts${examples(overruled)}.`,
    ),
    when(
      secondFailures.count > 0,
      `A second, different failure stands for one request in ${plural(secondFailures.count, 'row')}; the first counts${examples(secondFailures)}.`,
    ),
    when(
      inBoth.count > 0,
      `The output and the error file both answer ${plural(inBoth.count, 'request')}${examples(inBoth)}.`,
    ),
    when(
      tally.unreadableInputLines < counts.unreadable,
      `${unreadableWords(counts.unreadable - tally.unreadableInputLines, unreadableAnswers[0])}; kept in failed-items/.`,
    ),
  ].flat()
}

function when(isSo: boolean, sentence: string): string[] {
  return isSo ? [sentence] : []
}
