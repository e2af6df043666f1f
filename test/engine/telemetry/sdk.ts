import { metrics, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import { onTestFinished } from 'vitest'

export interface Sdk {
  readonly tracers: BasicTracerProvider
  /** What was exported so far, in the order in which spans ended. */
  readonly spans: () => readonly ReadableSpan[]
  /** Of each counter, by the values of its parts; `''` for one without parts. */
  readonly counts: () => Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** Registers the real SDK, which keeps what it is told until it is asked to send it; takes it away after the test. */
export function registerSdk(): Sdk {
  const spanExporter = new InMemorySpanExporter()
  const tracers = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(spanExporter)] })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  })
  const meters = new MeterProvider({ readers: [reader] })
  trace.setGlobalTracerProvider(tracers)
  metrics.setGlobalMeterProvider(meters)
  onTestFinished(async () => {
    trace.disable()
    metrics.disable()
    await Promise.all([tracers.shutdown(), meters.shutdown()])
  })
  return {
    tracers,
    spans: () => spanExporter.getFinishedSpans(),
    counts: () => {
      const scopes = metricExporter.getMetrics().at(-1)?.scopeMetrics ?? []
      return Object.fromEntries(
        scopes.flatMap(({ metrics: each }) =>
          each.map(({ descriptor, dataPoints }) => [
            descriptor.name,
            Object.fromEntries(
              dataPoints.map(({ attributes, value }) => [partOf(attributes), value as number]),
            ),
          ]),
        ),
      )
    },
  }
}

const partOf = (attributes: Readonly<Record<string, unknown>>): string =>
  Object.entries(attributes)
    .filter(([name]) => name !== 'batch_reconciler.workspace')
    .map(([, value]) => String(value))
    .join()

/** The spans within another, in the order in which they began. */
export function spansIn(parent: ReadableSpan, spans: readonly ReadableSpan[]): readonly ReadableSpan[] {
  return spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent.spanContext().spanId)
}
