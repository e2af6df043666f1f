import type * as OpenTelemetry from '@opentelemetry/api'
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api'
import { firstState, isBackingOff, isDoneState, isParkedState, topStateOf } from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import type { ReconciliationEvent } from '../events.js'
import type { TripleReport } from '../report.js'
import { attributeOf } from './attributes.js'

interface OpenTriple {
  readonly span: Span
  /** In which the spans of its steps begin. */
  readonly context: Context
  step: { readonly name: string; readonly span: Span } | null
}

/** A span takes a kilobyte or two, and a hundred thousand triples may wait. Of those above it each poll makes a span anew. */
const mostKept = 10_000

/**
 * A span for each triple, from its start to where it rests and the server has nothing of it any more, and in it one for each
 * step, by the name of the state. While a batch is waited for they stay open, so that polls make none; but not where another
 * process may be the one that goes on.
 */
export function tripleSpans(
  { trace, context, SpanStatusCode }: typeof OpenTelemetry,
  tracer: Tracer,
  { root, clock, isShared }: { readonly root: string; readonly clock: Clock; readonly isShared: boolean },
) {
  const triples = new Map<string, OpenTriple>()

  const endStep = (triple: OpenTriple, isFailed: boolean): void => {
    if (isFailed) triple.step?.span.setStatus({ code: SpanStatusCode.ERROR })
    triple.step?.span.end(clock.now())
    triple.step = null
  }
  const beginStep = (triple: OpenTriple, name: string): void => {
    triple.step = { name, span: tracer.startSpan(name, { startTime: clock.now() }, triple.context) }
  }
  const end = (index: string, triple: OpenTriple): void => {
    endStep(triple, false)
    triple.span.end(clock.now())
    triples.delete(index)
  }
  const start = (index: string): void => {
    if (triples.has(index)) return
    const attributes = { [attributeOf.workspace]: root, [attributeOf.index]: index }
    const span = tracer.startSpan('triple', { attributes, startTime: clock.now() })
    const triple = { span, context: trace.setSpan(context.active(), span), step: null }
    beginStep(triple, topStateOf(firstState))
    triples.set(index, triple)
  }
  const change = (triple: OpenTriple, to: string): void => {
    const isOver = isParkedState(to) || isDoneState(to)
    const name = topStateOf(to)
    if (isBackingOff(to)) triple.step?.span.addEvent('backing off', { [attributeOf.state]: to }, clock.now())
    if (!isOver && triple.step?.name === name) return
    endStep(triple, isParkedState(to))
    if (!isOver) beginStep(triple, name)
  }
  const settle = (triple: OpenTriple, report: TripleReport): void => {
    const { index, outcome, problem } = report
    if (outcome.type === 'pending' && !isShared && triples.size <= mostKept) return
    triple.span.setAttributes(attributesOf(report))
    if (problem !== null) triple.span.setStatus({ code: SpanStatusCode.ERROR, message: problem.message })
    end(index, triple)
  }
  return {
    onEvent(event: ReconciliationEvent): void {
      if (event.type === 'triple.started') return start(event.index)
      const triple = 'index' in event && event.index !== null ? triples.get(event.index) : undefined
      if (triple === undefined) return
      if (event.type === 'triple.changed') change(triple, event.to)
      if (event.type === 'triple.settled') settle(triple, event.report)
      if (event.type === 'triple.gone') end(event.index, triple)
    },
    /** Those that still wait, or that a stop cut short, have no outcome. */
    close(): void {
      for (const [index, triple] of triples) end(index, triple)
    },
  }
}

function attributesOf(report: TripleReport): Attributes {
  const { rootIndex, attempt, outcome, state, remoteStatus, requestsSent, problem } = report
  return {
    [attributeOf.rootIndex]: rootIndex,
    [attributeOf.attempt]: attempt,
    [attributeOf.outcome]: outcome.type,
    [attributeOf.state]: state,
    ...(remoteStatus !== null && { [attributeOf.remoteStatus]: remoteStatus }),
    ...(requestsSent !== null && { [attributeOf.requestsSent]: requestsSent }),
    ...(problem !== null && { [attributeOf.errorType]: problem.code }),
  }
}
