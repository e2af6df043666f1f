import { basename } from 'node:path'
import { countOf, countText } from '../../units.js'
import { derivedBatchIndex, type BatchIndex } from '../../workspace/batch-index.js'
import { parseBatchFileName } from '../../workspace/file-names.js'
import { isWhole, type Fit } from './fits.js'
import { hasAnswers, isNamedAlike, type LooseFile } from './loose-file.js'
import type { StandingFile } from './standing-files.js'

/** The files that become one triple. */
export interface PlannedTriple {
  readonly index: BatchIndex
  readonly input: LooseFile
  readonly output: LooseFile | null
  readonly error: LooseFile | null
  /** Requests of the input, each id once. */
  readonly requests: number
  /** How the answers fit it. */
  readonly fits: readonly Fit[]
}

/** A file that is not brought in, and why. */
export interface LeftOver {
  readonly file: LooseFile
  /** One sentence. */
  readonly why: string
  /** False for one that is here in another way: nothing is missed. */
  readonly isMissed: boolean
  /** What to do about it, where that is known beside the reason. */
  readonly whatToDo: string | null
}

/** A file that an import brought in, while the others of its triple are not beside it any more. */
export interface BroughtFile {
  readonly file: LooseFile
  readonly standing: StandingFile
}

export interface ImportPlan {
  readonly triples: readonly PlannedTriple[]
  /** What is left where an import that moves its sources was cut short. */
  readonly brought: readonly BroughtFile[]
  readonly leftOver: readonly LeftOver[]
}

/**
 * Which files become which triples. Nothing is guessed: what fits in two ways, or not wholly, is left over with its numbers.
 *
 * @param standing the loose files whose bytes stand in the workspace: a triple keeps the index that its input has there
 * @param standingInputs inputs of `workdir/` that were looked at beside those
 */
export function planImport(
  files: readonly LooseFile[],
  fits: readonly Fit[],
  standing: ReadonlyMap<LooseFile, StandingFile>,
  standingInputs: readonly LooseFile[],
): ImportPlan {
  const plan = new Draft(files, fits, standing)
  for (const file of files) plan.takeIfNone(file)
  const wholly = new Map<LooseFile, Fit[]>()
  for (const file of files) {
    const fit = plan.onlyFitOf(file)
    if (fit !== null) wholly.set(fit.input, [...(wholly.get(fit.input) ?? []), fit])
  }
  for (const input of files.filter(({ kind }) => kind === 'requests'))
    plan.takeTriple(input, wholly.get(input) ?? [])
  for (const input of standingInputs) {
    const answered = wholly.get(input)
    if (answered !== undefined) plan.takeTriple(input, answered)
  }
  return plan
}

class Draft implements ImportPlan {
  readonly triples: PlannedTriple[] = []
  readonly brought: BroughtFile[] = []
  readonly leftOver: LeftOver[] = []
  readonly #files: readonly LooseFile[]
  readonly #fits: readonly Fit[]
  readonly #standing: ReadonlyMap<LooseFile, StandingFile>
  readonly #gone = new Set<LooseFile>()

  constructor(
    files: readonly LooseFile[],
    fits: readonly Fit[],
    standing: ReadonlyMap<LooseFile, StandingFile>,
  ) {
    this.#files = files
    this.#fits = fits
    this.#standing = standing
  }

  /** Files that are no rows of a batch, or that stand here twice. */
  takeIfNone(file: LooseFile): void {
    const twin = this.#files.find((each) => each.sha256 === file.sha256 && each.rows > 0)
    if (file.rows > 0 && twin !== undefined && twin !== file) {
      return this.#leave([file], `holds the same bytes as ${twin.path}`, false)
    }
    if (file.kind === 'mixed')
      this.#leave([file], 'holds requests and answers in one file; a batch has a file for each')
    if (file.kind === 'other') this.#leave([file], whatElse(file), file.problem !== null || file.bytes > 0)
  }

  /** The one input that has the id of every answer; where there is no such one, says so. */
  onlyFitOf(file: LooseFile): Fit | null {
    if (!hasAnswers(file) || this.#gone.has(file)) return null
    const tried = this.#fits.filter(({ answers, input }) => answers === file && !this.#gone.has(input))
    const whole = tried.filter(isWhole)
    const named = whole.filter(({ input }) => isNamedAlike(file, input))
    if (whole.length === 1) return whole[0] ?? null
    if (named.length === 1) return named[0] ?? null
    this.#leaveAlone(file, whole.length > 1 ? fitsTwice(whole) : fitsNone(tried))
    return null
  }

  takeTriple(input: LooseFile, fits: readonly Fit[]): void {
    if (this.#gone.has(input)) return
    const outputs = fits.filter(({ answers }) => answers.kind === 'answers')
    const errors = fits.filter(({ answers }) => answers.kind === 'failures')
    for (const parts of [outputs, errors]) {
      if (parts.length < 2) continue
      this.#leave(
        parts.map(({ answers }) => answers),
        partsOfOne(input, parts),
      )
    }
    if (outputs.length > 1 || errors.length > 1)
      return this.#leave([input], 'has answers in several files; see there')
    if (fits.length === 0) return this.#leaveAlone(input, this.#whyUnanswered(input))
    this.triples.push({
      index: this.#indexOf(input),
      input,
      output: outputs[0]?.answers ?? null,
      error: errors[0]?.answers ?? null,
      requests: fits[0]?.requests ?? 0,
      fits,
    })
  }

  /** One that is answered in some way must not pass for one that was never sent. */
  #whyUnanswered(input: LooseFile): string {
    const tried = this.#fits.find((fit) => fit.input === input && fit.matched > 0)
    return tried === undefined
      ? noAnswers
      : `is answered by ${tried.answers.path}, but not for certain; see there`
  }

  /** The one under which it stands here; else its own. */
  #indexOf(input: LooseFile): BatchIndex {
    const here = this.#standing.get(input)
    return here?.kind === 'input' ? here.index : ownIndexOf(input)
  }

  /**
   * An input may stand here because it was submitted: only one that has the index an import gives it was brought in. Answers
   * whose input is not here yet are all that the next import has to know the triple by.
   */
  #leaveAlone(file: LooseFile, why: string): void {
    const standing = this.#standing.get(file)
    const isAnswers = hasAnswers(file) && standing?.kind !== 'input'
    if (standing?.hasInput === true && (isAnswers || standing.index === ownIndexOf(file)))
      this.brought.push({ file, standing })
    this.#leave([file], why)
  }

  #leave(files: readonly LooseFile[], why: string, isMissed = true): void {
    for (const file of files) {
      const here = this.#standing.get(file)
      const reason = here === undefined ? why : `holds the same bytes as ${here.path}`
      const isHere = here !== undefined
      this.leftOver.push({
        file,
        why: `${basename(file.path)} ${reason}.`,
        isMissed: isMissed && !isHere,
        whatToDo: file.kind === 'other' && !isHere ? file.cure : null,
      })
      this.#gone.add(file)
    }
  }
}

/** The one in its name, as files of a workspace have it; else one made from its bytes, the same each time. */
function ownIndexOf(input: LooseFile): BatchIndex {
  const name = parseBatchFileName(basename(input.path))
  return name.type === 'batch-file' && name.kind === 'input'
    ? name.index
    : derivedBatchIndex(`import:${input.sha256}`)
}

const noAnswers =
  'has no answers among these files, and was perhaps never sent: `submit` sends it, and leaves out what the workspace has sent before'

function whatElse({ looks, rows, problem }: LooseFile): string {
  if (problem !== null) return `could not be read: ${problem.message.replace(/\.$/, '')}`
  if (looks !== null) return `is ${looks}`
  return rows === 0
    ? 'holds no lines with a `custom_id`: requests have one, with `method`, `url` and `body`; bare bodies and tables have to be written so first'
    : 'holds lines that are neither requests nor answers of a batch'
}

function fitsTwice(whole: readonly Fit[]): string {
  const inputs = whole.map(
    ({ input, matched, requests }) =>
      `${input.path} (${countText(matched)} of ${countOf(requests, 'request')})`,
  )
  return `fits several inputs: ${inputs.join(', ')}; give it and its input one name, as in batch_abc123_input.jsonl and batch_abc123_output.jsonl, or import them by themselves`
}

function fitsNone(tried: readonly Fit[]): string {
  const [best] = tried
    .filter(({ matched }) => matched > 0)
    .toSorted((left, right) => right.matched - left.matched)
  if (best === undefined) return 'answers requests that are in none of these files'
  const { input, matched, requests, unknown } = best
  return `answers ${countText(matched)} of ${countOf(requests, 'request')} of ${input.path}, and ${countOf(unknown, 'row')} of it ${unknown === 1 ? 'answers' : 'answer'} none of them: the input is another one, or lacks some`
}

function partsOfOne(input: LooseFile, parts: readonly Fit[]): string {
  const each = parts.map(({ answers, matched }) => `${answers.path} (${countText(matched)})`)
  return `is one of ${countText(parts.length)} files with answers to ${input.path}: ${each.join(', ')} of ${countOf(parts[0]?.requests ?? 0, 'request')}; when they are parts of one file, put them together (awk 1 <parts> > whole.jsonl) and import that with its input, without the parts`
}
