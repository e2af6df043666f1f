import type { Clock } from '../../clock.js'
import type { ReconciliationEvent } from '../../engine/events.js'
import type { OutputStream } from '../output-stream.js'
import { createProgressState } from './progress-state.js'
import { plainStyle, type Style } from './style.js'
import { cutToWidth, terminalText } from './terminal-text.js'

/** Live lines at the foot of a terminal, with ordinary text above them. */
export interface Progress {
  add(event: ReconciliationEvent): void
  /** Writes ordinary text; it stays, and the live lines move below it. */
  write(text: string): void
  /** Removes the live lines for good. */
  close(): void
}

/** Draws at most ten times a second. On a stream that is no terminal only `write` does anything. */
export function createProgress(stream: OutputStream, clock: Clock, style: Style = plainStyle): Progress {
  if (stream.isTTY !== true) return { add: () => {}, write: (text) => stream.write(text), close: () => {} }
  const state = createProgressState()
  const startedAtMs = clock.now()
  let drawnLines = 0
  let drawnAtMs = -Infinity
  let timer: unknown = null
  let isCountingDown = false
  const draw = (): void => {
    timer = null
    drawnAtMs = clock.now()
    const lines = state.lines(drawnAtMs - startedAtMs).map((line) => fitted(line, stream, style))
    stream.write(`${eraseLines(drawnLines)}${lines.join('\n')}`)
    drawnLines = lines.length
    isCountingDown = state.isWaiting
    if (isCountingDown) timer = clock.setTimeout(draw, countdownMs)
  }
  const stopCountdown = (): void => {
    if (!isCountingDown) return
    clock.clearTimeout(timer)
    timer = null
    isCountingDown = false
  }
  const erase = (): void => {
    if (drawnLines > 0) stream.write(eraseLines(drawnLines))
    drawnLines = 0
  }
  return {
    add(event) {
      state.add(event, clock.now() - startedAtMs)
      stopCountdown()
      timer ??= clock.setTimeout(draw, Math.max(0, drawnAtMs + redrawMs - clock.now()))
    },
    write(text) {
      erase()
      stream.write(text)
    },
    close() {
      if (timer !== null) clock.clearTimeout(timer)
      timer = null
      erase()
    },
  }
}

const redrawMs = 100
const countdownMs = 1_000
const narrowestTerminal = 20

/** One column less than there is: some terminals wrap a full line. */
function fitted(line: string, { columns = 80 }: OutputStream, style: Style): string {
  return style.faint(cutToWidth(terminalText(line), Math.max(narrowestTerminal, columns) - 1))
}

/** From the end of the last live line back to the start of the first one, all of it erased (ECMA-48: CR, CUU, ED). */
function eraseLines(lines: number): string {
  if (lines === 0) return ''
  return lines === 1 ? '\r\u001b[J' : `\r\u001b[${lines - 1}A\u001b[J`
}
