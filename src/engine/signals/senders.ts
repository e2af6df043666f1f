import { systemClock, type Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import { neverThrowing } from '../never-throwing.js'
import { settledCommand } from './settled-command.js'
import { signingKeys } from './sign.js'
import type { Signal } from './signal.js'
import { openWebhook, webhookUrl } from './webhook.js'

/** Who is told what a run, a watch or a worker comes to (`docs/signals.md`). */
export interface SignalOptions {
  /** Gets every signal as a POST, signed as Standard Webhooks has it. */
  readonly webhook?: { readonly url: string; readonly secret: string } | undefined
  /** Run by the shell when all is settled, with the signal as JSON on its standard input. */
  readonly settledCommand?: string | undefined
  /** Follows the numbers of the run, for the textfile collector of Prometheus' node exporter; ends in `.prom`. */
  readonly metricsFile?: string | undefined
  /** Gets a sentence for people about what could not be told. */
  readonly onWarning?: ((text: string) => void) | undefined
  /** Cuts short what `close` waits for. */
  readonly signal?: AbortSignal | undefined
  /** Node's own unless given. */
  readonly fetch?: typeof fetch | undefined
  readonly clock?: Clock | undefined
}

/** Whatever brings signals to whoever is told. */
export interface Senders {
  /** Takes it and returns; never throws. `onEnd` hears when it was taken, or given up. */
  send(signal: Signal, onEnd?: () => void): void
  /** Waits for what is on its way: for the webhook five seconds at most, for the command a minute. */
  close(): Promise<void>
}

/** @throws WrongUsage when an address or a secret cannot be used */
export function openSenders(options: SignalOptions): Senders {
  const { clock = systemClock, signal: hurry = neverAborted, webhook: to, settledCommand: command } = options
  const warn = neverThrowing(options.onWarning)
  if (command?.trim() === '') throw emptyCommand()
  const sending = { clock, warn, fetch: options.fetch ?? fetch }
  const webhook =
    to === undefined
      ? null
      : openWebhook({ ...sending, url: webhookUrl(to.url), keys: signingKeys(to.secret) })
  const runner = command === undefined ? null : settledCommand({ command, clock, warn })
  return {
    send(signal, onEnd = () => {}) {
      if (signal.type === 'settled') runner?.run(signal)
      if (webhook === null) onEnd()
      else webhook.send(signal, onEnd)
    },
    async close() {
      await Promise.all([webhook?.close(hurry), runner?.close(hurry)])
    },
  }
}

const neverAborted = new AbortController().signal

const emptyCommand = (): Error =>
  reconciliationError({
    code: 'WrongUsage',
    message: 'The command for when all is settled is empty.',
    hint: 'Give one, such as: notify-send "batches are settled"',
  })
