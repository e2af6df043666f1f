import { basename, dirname } from 'node:path'
import { countOf } from '../units.js'
import { shellWord } from '../workspace/shell-word.js'
import type { TallyEntry } from './tally.js'
import type { AccountedFile, UnreadableLine } from './triple-accounting.js'

const shownExamples = 2

/** `1 input row repeats`, `2 input rows repeat`. */
export function repeats(count: number, noun: string): string {
  return `${countOf(count, noun)} ${count === 1 ? 'repeats' : 'repeat'}`
}

/** ` (e.g. "a" at batch_output_7.jsonl:12, "b" at …)`, or nothing. */
export function examples({ samples }: TallyEntry): string {
  const shown = samples
    .slice(0, shownExamples)
    .map(({ id, at }) => (id === null ? at : `${JSON.stringify(id)} at ${at}`))
  return shown.length === 0 ? '' : ` (e.g. ${shown.join(', ')})`
}

/** `2 lines are unreadable (batch_output_7.jsonl:9: the line ends in the middle)`. */
export function unreadableWords(count: number, first: UnreadableLine | undefined): string {
  const place = first === undefined ? '' : ` (${basename(first.path)}:${first.line}: ${first.reason})`
  return `${countOf(count, 'line')} ${count === 1 ? 'is' : 'are'} unreadable${place}`
}

/** `. batch_output_7.jsonl looks like UTF-16 text`, or nothing when no file looks like anything known. */
export function looksWords(files: readonly AccountedFile[]): string {
  const looks = files.flatMap(({ name, dialect }) =>
    dialect === null ? [] : [`${name} looks like ${dialect.name}`],
  )
  return looks.map((words) => `. ${words}`).join('')
}

/** The workspace of files of rows, which stand in `workdir/` or `done/`, right below it. */
export function rootOf(files: readonly AccountedFile[]): string {
  return dirname(dirname(files[0]?.path ?? ''))
}

/** The command that goes on with what is here. */
export function acceptCommand(index: string, files: readonly AccountedFile[]): string {
  return `batch-reconciler accept ${shellWord(rootOf(files))} ${index}`
}
