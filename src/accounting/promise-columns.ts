import { GrowableColumn } from './growable-column.js'
import { answerShapes, type AnswerShape, type RequestPromise } from './rows/promise.js'

/** What each request promises, by ordinal. An unknown endpoint, and a request for one answer, cost nothing. */
export class PromiseColumns {
  readonly #shapes = new GrowableColumn(Uint8Array)
  readonly #answers = new GrowableColumn(Uint32Array)

  get(ordinal: number): RequestPromise {
    const shape = answerShapes[this.#shapes.get(ordinal)] ?? 'opaque'
    const stored = this.#answers.get(ordinal)
    if (stored === oneAnswer && shape !== 'opaque') return oneAnswerOf[shape]
    return { shape, answers: shape === 'opaque' || stored === unknownCount ? null : stored }
  }

  set(ordinal: number, { shape, answers }: RequestPromise): void {
    this.#shapes.set(ordinal, answerShapes.indexOf(shape))
    if (shape === 'opaque') return
    this.#answers.set(ordinal, answers === 1 ? oneAnswer : (answers ?? unknownCount))
  }
}

const oneAnswer = 0
/** What nearly every request promises: asked for by the million, and so made once. */
const oneAnswerOf = Object.fromEntries(
  answerShapes.map((shape) => [shape, { shape, answers: 1 }]),
) as Readonly<Record<AnswerShape, RequestPromise>>
/** The number that one answer would have, were it not 0. */
const unknownCount = 1
