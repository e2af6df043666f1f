/** A kind of number, with its samples: one for each set of label values. */
export interface Metric {
  /** Without the prefix that all share. */
  readonly name: string
  /** What it counts, in one line. */
  readonly help: string
  /** A `counter` starts at 0 with each process, and its name ends in `_total`. */
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * Writes metrics in Prometheus' text format (prometheus.io, "Exposition formats", 0.0.4), each with its help and type first.
 * Without times: the textfile collector refuses them.
 */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(metricText).join('')
}

const prefix = 'batch_reconciler_'

function metricText({ name, help, type, samples }: Metric): string {
  const whole = prefix + name
  const lines = [
    `# HELP ${whole} ${escaped(help, /[\\\n]/g)}`,
    `# TYPE ${whole} ${type}`,
    ...samples.map(({ labels, value }) => `${whole}${labelsText(labels)} ${value}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value, /[\\\n"]/g)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (text: string, special: RegExp): string =>
  text.replaceAll(special, (character) => (character === '\n' ? '\\n' : `\\${character}`))
