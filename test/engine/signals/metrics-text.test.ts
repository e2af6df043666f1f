import { assert, integer, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { metricsText } from '../../../src/engine/signals/metrics-text.js'
import { parseMetrics } from './parse-metrics.js'

describe('the text of metrics', () => {
  test('has help, type and samples of each, in this order, and ends in a line feed', () => {
    const samples = [
      { labels: { workspace: '/a', kind: 'x' }, value: 1 },
      { labels: {}, value: 0 },
    ]
    expect(metricsText([{ name: 'bytes_total', help: 'Bytes.', type: 'counter', samples }])).toBe(
      [
        '# HELP batch_reconciler_bytes_total Bytes.',
        '# TYPE batch_reconciler_bytes_total counter',
        'batch_reconciler_bytes_total{workspace="/a",kind="x"} 1',
        'batch_reconciler_bytes_total 0',
        '',
      ].join('\n'),
    )
  })

  test('gives back every label and number, whatever a folder is called', () => {
    const label = string({ unit: 'binary' })
    assert(
      property(label, integer({ min: 0 }), label, (workspace, value, help) => {
        const [only] = parseMetrics(
          metricsText([
            { name: 'triples', help, type: 'gauge', samples: [{ labels: { workspace }, value }] },
          ]),
        )
        expect(only).toEqual({
          name: 'batch_reconciler_triples',
          help,
          type: 'gauge',
          samples: [{ labels: { workspace }, value }],
        })
      }),
    )
  })
})
