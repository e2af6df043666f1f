import type { Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import { countOf } from '../../units.js'
import { followSignal } from '../follow-signal.js'
import { sleep } from '../sleep.js'
import { signedHeaders, type SigningKeys } from './sign.js'
import type { Signal } from './signal.js'

export interface WebhookOptions {
  readonly url: URL
  readonly keys: SigningKeys
  readonly fetch: typeof fetch
  readonly clock: Clock
  /** Gets a sentence about what was not delivered. */
  readonly warn: (text: string) => void
}

/** Signals on their way to one address, one after the other. */
export interface Webhook {
  /** Takes it and returns; never throws. `onEnd` hears when it was taken, or given up while the webhook is open. */
  send(signal: Signal, onEnd?: () => void): void
  /** Takes no more, and gives the ones that are left a last while; `hurry` cuts it short. */
  close(hurry: AbortSignal): Promise<void>
}

/** Causes are few; more than these stand in `status`. */
const mostWaiting = 100
/** An answer that takes longer is none (Standard Webhooks recommends 15 to 30 s). */
const longestAnswerMs = 15_000
/** Pauses after the tries that failed; one more try than there are pauses. */
const pausesMs = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000]
const longestWishMs = 3_600_000
/** How long a process that has nothing else to do stays for its signals, and one that was told to stop. */
const lastWhileMs = 5_000
const hurriedWhileMs = 1_000
const lastPauseMs = 500

/**
 * Makes the sender for one address. A receiver that fails is tried again, later and later, and those behind wait. It has
 * taken a signal when it answers 2xx; a redirect is not followed (the signature was not for that address), and after 410 it
 * gets nothing more.
 */
export function openWebhook(options: WebhookOptions): Webhook {
  const waiting: Waiting[] = []
  const closing = followSignal(undefined)
  const stopped = followSignal(undefined)
  const state: Sending = { ...options, closing: closing.signal, stopped: stopped.signal }
  let lost = 0
  let isGone = false
  let lastFault: string | null = null
  let work: Promise<void> | null = null

  const sendAll = async (): Promise<void> => {
    for (let next = waiting[0]; next !== undefined && !stopped.signal.aborted; next = waiting[0]) {
      const fate = await deliver(next.signal, state)
      if (fate.type !== 'taken') lastFault = fate.fault
      // What was cut short is counted with those that are left.
      if (fate.type === 'refused' && stopped.signal.aborted) break
      waiting.shift()
      next.onEnd()
      if (fate.type !== 'taken') lost += 1
      if (fate.type !== 'gone') continue
      isGone = true
      for (const { onEnd } of waiting.splice(0)) {
        lost += 1
        onEnd()
      }
    }
    // At once, not when the promise is through: whatever comes from here on begins anew.
    work = null
  }
  return {
    send(signal, onEnd = () => {}) {
      if (isGone || closing.signal.aborted || waiting.length >= mostWaiting) {
        lost += 1
        if (!closing.signal.aborted) onEnd()
        return
      }
      waiting.push({ signal, onEnd })
      work ??= sendAll()
    },
    async close(hurry) {
      closing.abort()
      await lastWhile(options.clock, work ?? Promise.resolve(), hurry)
      stopped.abort()
      await work
      lost += waiting.splice(0).length
      if (lost > 0) options.warn(lostText(lost, options.url, lastFault))
    },
  }
}

interface Waiting {
  readonly signal: Signal
  readonly onEnd: () => void
}

interface Sending extends WebhookOptions {
  /** Fires when the process waits for nothing else: pauses become short. */
  readonly closing: AbortSignal
  /** Fires when no try may go on. */
  readonly stopped: AbortSignal
}

type Fate =
  | { readonly type: 'taken' }
  /** By the last try as well. */
  | { readonly type: 'refused'; readonly fault: string }
  /** The receiver wants nothing more. */
  | { readonly type: 'gone'; readonly fault: string }

async function deliver(signal: Signal, sending: Sending): Promise<Fate> {
  const { clock, closing, stopped } = sending
  for (let tried = 0; ; tried += 1) {
    const answer = await tryOnce(signal, sending)
    if (answer.type === 'taken' || answer.type === 'gone') return answer
    const pauseMs = pausesMs[tried]
    if (stopped.aborted || pauseMs === undefined) return { type: 'refused', fault: answer.fault }
    if (!closing.aborted) await sleep(clock, Math.max(pauseMs, answer.wishMs), closing)
    // Woken because the process ends: a last while is left, so that the pauses are short.
    else await sleep(clock, lastPauseMs, stopped)
    if (stopped.aborted) return { type: 'refused', fault: answer.fault }
  }
}

type Answer = Exclude<Fate, { type: 'refused' }> | Refusal
interface Refusal {
  readonly type: 'refused'
  readonly fault: string
  /** How long the receiver wants to be left alone; 0 when it says nothing. */
  readonly wishMs: number
}

async function tryOnce(signal: Signal, { url, keys, fetch, clock, stopped }: Sending): Promise<Answer> {
  const limit = followSignal(stopped)
  const timer = clock.setTimeout(() => limit.abort(), longestAnswerMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: signal.body,
      headers: signedHeaders(signal, keys, clock.now()),
      redirect: 'manual',
      signal: limit.signal,
    })
    // What it says beside the status is not read, however long it is.
    await response.body?.cancel().catch(() => {})
    if (response.ok) return { type: 'taken' }
    const fault = `it answered ${response.status}`
    if (response.status === 410) return { type: 'gone', fault }
    return { type: 'refused', fault, wishMs: wishMsOf(response.headers.get('retry-after')) }
  } catch (error) {
    const fault = limit.signal.aborted ? 'it did not answer in time' : faultText(error)
    return { type: 'refused', fault, wishMs: 0 }
  } finally {
    clock.clearTimeout(timer)
    limit.release()
  }
}

/** Whole seconds only: a time of day would be by another clock. */
function wishMsOf(retryAfter: string | null): number {
  if (retryAfter === null || !/^\d{1,6}$/.test(retryAfter)) return 0
  return Math.min(Number(retryAfter) * 1_000, longestWishMs)
}

/** The code alone: messages of `fetch` may hold the whole address, and many a webhook has its secret there. */
function faultText(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? `it could not be reached (${code})` : 'it could not be reached'
}

async function lastWhile(clock: Clock, work: Promise<void>, hurry: AbortSignal): Promise<void> {
  const over = followSignal(undefined)
  void work.then(() => over.abort())
  const woken = followSignal(hurry)
  const wake = (): void => woken.abort()
  over.signal.addEventListener('abort', wake, { once: true })
  await sleep(clock, lastWhileMs, woken.signal)
  woken.release()
  if (hurry.aborted) await sleep(clock, hurriedWhileMs, over.signal)
}

function lostText(lost: number, url: URL, fault: string | null): string {
  const why = fault === null ? '' : `: ${fault}`
  return `${countOf(lost, 'signal')} did not reach the webhook at ${url.origin}${why}. What they were about stands in \`status\`.`
}

/** @throws WrongUsage without repeating what was given: many an address has a secret in it */
export function webhookUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && schemes.has(url.protocol) && url.username === '' && url.password === '') return url
  throw reconciliationError({
    code: 'WrongUsage',
    message:
      'The address of the webhook is none; one such as https://alerts.example/batches was expected, without a name and password in it.',
    hint: 'Give the address that the receiver named.',
  })
}

const schemes: ReadonlySet<string> = new Set(['https:', 'http:'])
