/** A family of metrics as a scraper reads it. */
export interface ParsedMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const helpLine = new RegExp(`^# HELP (${metricName}) ((?:[^\\\\]|\\\\\\\\|\\\\n)*)$`, 's')
const typeLine = new RegExp(`^# TYPE (${metricName}) (counter|gauge)$`)
const sampleLine = new RegExp(`^(${metricName})(?:\\{(.*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`, 's')
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^\\"\n]|\\\\|\\"|\\n)*)"(?:,|$)/gy

/**
 * Reads Prometheus' text format as strictly as its grammar has it: help, type, samples of each family together, each series
 * once, no times, a line feed at the end. Throws with the line that does not fit.
 */
export function parseMetrics(text: string): readonly ParsedMetric[] {
  if (!text.endsWith('\n')) throw new Error('The last line has no line feed.')
  const lines = text.slice(0, -1).split('\n')
  const families = new Map<
    string,
    ParsedMetric & { samples: { labels: Record<string, string>; value: number }[] }
  >()
  const series = new Set<string>()
  for (let at = 0; at < lines.length;) {
    const [, name = '', help = ''] = helpLine.exec(lines[at] ?? '') ?? fail(lines[at])
    const [, typed, type = ''] = typeLine.exec(lines[at + 1] ?? '') ?? fail(lines[at + 1])
    if (typed !== name || families.has(name)) fail(lines[at + 1])
    const samples: { labels: Record<string, string>; value: number }[] = []
    for (at += 2; at < lines.length && !(lines[at] ?? '').startsWith('#'); at += 1) {
      const line = lines[at] ?? ''
      const [, sampled, labels = '', value] = sampleLine.exec(line) ?? fail(line)
      const key = `${sampled}{${labels}}`
      if (sampled !== name || series.has(key)) fail(line)
      series.add(key)
      samples.push({ labels: labelsOf(labels, line), value: Number(value) })
    }
    families.set(name, { name, help: unescaped(help), type, samples })
  }
  return [...families.values()]
}

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  let read = 0
  for (const [whole, name = '', value = ''] of text.matchAll(labelPair)) {
    if (name in labels) fail(line)
    labels[name] = unescaped(value)
    read += whole.length
  }
  if (read !== text.length) fail(line)
  return labels
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))

function fail(line: string | undefined): never {
  throw new Error(`Not in the grammar: ${line}`)
}
