import { describe, expect, test } from 'vitest'
import { SimulatedClock } from 'xstate'
import { createProgress } from '../../../src/cli/render/progress.js'
import { plainStyle } from '../../../src/cli/render/style.js'
import { createTalk } from '../../../src/cli/render/talk.js'
import { noRows } from '../../../machines/index.js'
import type { ReconciliationEvent } from '../../../src/engine/events.js'
import type { TripleReport } from '../../../src/engine/report.js'
import { recorder } from '../command-line.js'

function report(index: string): TripleReport {
  return {
    index,
    outcome: { type: 'done', retryIndex: null },
    state: 'done',
    operations: [],
    counts: null,
    tokens: null,
    rows: null,
    problem: null,
    attempt: 1,
    rootIndex: index,
    remoteStatus: null,
    resultsPath: null,
    lineageRows: null,
    failedForGood: null,
    requestsSent: null,
    unconfirmed: null,
  }
}

function changed(index: string, to: string): ReconciliationEvent {
  return { type: 'triple.changed', index, from: 'deciding', event: 'x', to, facts: null }
}

function display(isTTY: boolean) {
  const clock = new SimulatedClock()
  const { stream, text } = recorder(isTTY)
  const progress = createProgress(stream, clock)
  let seen = 0
  /** What was written since last asked. */
  const news = (): string => {
    const all = text()
    const fresh = all.slice(seen)
    seen = all.length
    return fresh
  }
  return { clock, progress, news }
}

function recordedTalk() {
  const written: string[] = []
  return { talk: createTalk((text) => written.push(text), plainStyle), text: () => written.join('') }
}

describe('live progress', () => {
  test('shows triples by state, bytes, rows and the time left', () => {
    const { clock, progress, news } = display(true)
    progress.add({ type: 'workspace.scanned', triples: 3, totalBytes: 10_000_000 })
    for (const index of ['1', '2', '3']) progress.add({ type: 'triple.started', index })
    progress.add(changed('1', 'checking-ids.checking'))
    progress.add(changed('2', 'processing-outputs.processing'))
    progress.add({ type: 'bytes.read', index: '1', bytes: 2_500_000 })
    progress.add({
      type: 'rows.processed',
      index: '2',
      rows: { ...noRows, success: 1_000, transient: 5, retryable: 5 },
    })
    progress.add({ type: 'triple.settled', index: '3', report: report('3') })
    clock.increment(10_000)
    expect(news()).toBe(
      '1 of 3 triples · done 1 · checking-ids 1 · processing-outputs 1\n' +
        '2.5 MB of 10 MB read · 1,005 rows processed · 10 s · about 30 s left',
    )
  })

  test('never tells of more bytes read than there are: downloads and second readings add to the total', () => {
    const { clock, progress, news } = display(true)
    const lastLine = (): string => {
      clock.increment(1_000)
      return news().split('\n').at(-1) ?? ''
    }
    progress.add({ type: 'workspace.scanned', triples: 1, totalBytes: 145_000 })
    progress.add({ type: 'triple.started', index: '1' })
    progress.add({ type: 'bytes.downloaded', index: '1', bytes: 400_000 })
    expect(lastLine()).toMatch(/^0 B of 545 kB read · 400 kB downloaded · /)
    progress.add({ type: 'bytes.read', index: '1', bytes: 545_000 })
    expect(lastLine()).toMatch(/^545 kB of 545 kB read · 400 kB downloaded · /)
    progress.add({ type: 'bytes.read', index: '1', bytes: 395_000 })
    expect(lastLine()).toMatch(/^940 kB of 940 kB read · /)
  })

  test('tells what was read alone when nobody measured how much there is', () => {
    const { clock, progress, news } = display(true)
    progress.add({ type: 'workspace.scanned', triples: 1, totalBytes: 0 })
    progress.add({ type: 'bytes.downloaded', index: '1', bytes: 5_000 })
    progress.add({ type: 'bytes.read', index: '1', bytes: 5_000 })
    clock.increment(1_000)
    expect(news()).toMatch(/5.0 kB read · 5.0 kB downloaded · /)
  })

  test('between two polls the time to the next look runs down, second by second', () => {
    const { clock, progress, news } = display(true)
    const line = (): string | undefined => news().split('\n').at(-1)
    progress.add({ type: 'workspace.scanned', triples: 2, totalBytes: 1_000 })
    progress.add({ type: 'triple.started', index: '1' })
    progress.add({ type: 'triple.settled', index: '1', report: report('1') })
    progress.add({ type: 'triple.started', index: '2' })
    const pending = { type: 'pending', remoteStatus: 'in_progress', problem: null } as const
    progress.add({ type: 'triple.settled', index: '2', report: { ...report('2'), outcome: pending } })
    progress.add({ type: 'poll.scheduled', delayMs: 42_000, waiting: 1 })
    clock.increment(100)
    expect(news()).toMatch(/2 of 2 triples · done 1 · pending 1\nnext look at the server in 42 s · /)
    clock.increment(1_000)
    expect(line()).toMatch(/^next look at the server in 41 s/)
    clock.increment(39_000)
    expect(line()).toMatch(/^next look at the server in 2 s/)

    progress.add({ type: 'workspace.scanned', triples: 1, totalBytes: 500 })
    progress.add({ type: 'triple.started', index: '2' })
    progress.add(changed('2', 'awaiting-online-files.checking'))
    clock.increment(100)
    expect(news()).toMatch(/1 of 2 triples · done 1 · awaiting-online-files 1\n0 B of 500 B read/)
    clock.increment(10_000)
    expect(news()).toBe('')
  })

  test('retries that were written meanwhile are counted too', () => {
    const { clock, progress, news } = display(true)
    progress.add({ type: 'workspace.scanned', triples: 1, totalBytes: 0 })
    for (const index of ['1', '2']) {
      progress.add({ type: 'triple.started', index })
      progress.add({ type: 'triple.settled', index, report: report(index) })
    }
    clock.increment(100)
    expect(news()).toContain('2 of 2 triples')
  })

  test('draws at most ten times a second, however much happens', () => {
    const { clock, progress, news } = display(true)
    progress.add({ type: 'workspace.scanned', triples: 1, totalBytes: 1_000 })
    clock.increment(0)
    news()
    let draws = 0
    for (let at = 0; at < 1_000; at += 1) {
      progress.add({ type: 'bytes.read', index: '1', bytes: 1 })
      clock.increment(1)
      draws += news() === '' ? 0 : 1
    }
    expect(draws).toBe(10)
  })

  test('redraws over itself, makes way for text, and is gone at the end', () => {
    const { clock, progress, news } = display(true)
    const step = (): string => {
      progress.add({ type: 'bytes.read', index: '1', bytes: 1 })
      clock.increment(100)
      return news()
    }
    progress.add({ type: 'workspace.scanned', triples: 1, totalBytes: 1_000 })
    clock.increment(100)
    expect(news()).not.toContain('\u001b')
    expect(step().startsWith('\r\u001b[1A\u001b[J0 of 1 triple')).toBe(true)
    progress.write('a word\n')
    expect(news()).toBe('\r\u001b[1A\u001b[Ja word\n')
    expect(step()).toMatch(/^0 of 1 triple/)
    progress.add({ type: 'bytes.read', index: '1', bytes: 1 })
    progress.close()
    expect(news()).toBe('\r\u001b[1A\u001b[J')
    clock.increment(1_000)
    expect(news()).toBe('')
  })

  test('no line is wider than the terminal', () => {
    const { clock, progress, news } = display(true)
    progress.add({ type: 'workspace.scanned', triples: 500, totalBytes: 1 })
    for (let at = 0; at < 500; at += 1) {
      progress.add({ type: 'triple.started', index: String(at) })
      progress.add(changed(String(at), `state-number-${at}`))
    }
    clock.increment(100)
    for (const line of news().split('\n')) expect(line.length).toBeLessThan(120)
  })

  test('in a pipe only the text is written', () => {
    const { clock, progress, news } = display(false)
    progress.add({ type: 'workspace.scanned', triples: 1, totalBytes: 1_000 })
    clock.increment(1_000)
    progress.write('a word\n')
    progress.close()
    expect(news()).toBe('a word\n')
  })
})

describe('talk', () => {
  test('says a warning once, with its triple', () => {
    const { talk: it, text } = recordedTalk()
    it.tell({ type: 'warning', index: '7', message: '2 rows repeat an answer.' })
    it.warn('Triple 7: 2 rows repeat an answer.')
    it.tell({ type: 'warning', index: null, message: 'a near miss\u001b' })
    it.finish()
    expect(text()).toBe('! Triple 7: 2 rows repeat an answer.\n! a near miss\\u001b\n')
  })

  test('tells the failed rows of a triple once, when it has settled, the largest kinds first', () => {
    const { talk: it, text } = recordedTalk()
    const group = { outcome: 'transient', message: 'slow', sampleIds: [] } as const
    const kinds = [5, 4, 3, 2, 1].map((count) => ({ ...group, code: `code_${count}`, count }))
    it.tell({ type: 'errors.grouped', index: '7', groups: kinds.slice(0, 1) })
    it.tell({ type: 'errors.grouped', index: '7', groups: kinds })
    expect(text()).toBe('')
    it.tell({ type: 'triple.settled', index: '7', report: report('7') })
    expect(text().split('\n')).toEqual([
      '15 rows of triple 7 failed; all kinds: logs/batch_expansion_error_log_7.jsonl',
      '    5 × code_5 (transient): slow',
      '    4 × code_4 (transient): slow',
      '    3 × code_3 (transient): slow',
      '    and 2 more kinds',
      '',
    ])
  })

  test('stays bounded, and says how much it left out', () => {
    const { talk: it, text } = recordedTalk()
    for (let at = 0; at < 5_000; at += 1) {
      it.warn(`warning ${at}`)
      it.tell({
        type: 'retry.written',
        index: `${at}`,
        retryIndex: 'r',
        requests: 1,
        path: '/x',
        willBeSubmitted: false,
      })
    }
    it.finish()
    expect(text().split('\n')).toHaveLength(50 + 20 + 2 + 1)
    expect(text()).toContain('… and 4,950 more warnings.')
    expect(text()).toContain('… and 4,980 more retry triples in workdir/ (not submitted).')
    expect(text()).toContain('1 failed request of triple 0 waits as triple r in workdir/ (not submitted).')
  })
})
