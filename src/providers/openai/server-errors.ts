import type { Problem, ProblemCode } from '../../../machines/index.js'
import {
  isBatchReconciliationError,
  laterHint,
  reconciliationError,
  type BatchReconciliationError,
} from '../../errors.js'
import { isQuotaCode } from '../../accounting/rows/quota-words.js'
import { readFailure, type Failure } from './read-failure.js'
import { redacted } from './redact.js'
import { hintFor, hintForProxy, type RefusedCall } from './refusal-hints.js'
import { retryAfterMs } from './retry-after.js'

/** Where an error happened; goes into the message and the facts. */
export interface CallContext {
  /** The call by the name the SDK gives it, such as `batches.create`. */
  readonly action: string
  readonly host: string
  /** What was asked, without query and credentials: `https://api.openai.com/v1/files`. */
  readonly address: string
  /** Texts that must never be printed: the API key. */
  readonly secrets: readonly string[]
  readonly nowMs: number
}

/**
 * Any error of the SDK or of `fetch` as an error of this package. Passing: network, cut JSON, 408, 409, 425, 429
 * without a quota code, 499 and 5xx. A person's: 401, 403, quota, billing, a certificate that is not trusted, a proxy
 * that refuses, and every other refusal. The original
 * error is not kept as `cause`, because it may quote the key; its words are, without the key.
 */
export function serverError(error: unknown, context: CallContext): BatchReconciliationError {
  return isBatchReconciliationError(error)
    ? error
    : reconciliationError(problemOf(readFailure(error), context))
}

/** What a server that answered 200 with something unusable amounts to: the same call may work later. */
export function unusableAnswer(context: CallContext, what: string): BatchReconciliationError {
  return reconciliationError({
    code: 'NetworkError',
    message: `${context.host} answered ${context.action} with ${what}.`,
    hint: `Often a proxy or a maintenance page in between: ${laterHint} If it stays, check the base URL.`,
    isPassing: true,
    facts: { action: context.action, host: context.host },
  })
}

/** Ctrl-C, or whoever holds the signal, ended the call. */
export function interrupted(context: CallContext): BatchReconciliationError {
  return reconciliationError({
    code: 'Interrupted',
    message: `Stopped while ${context.action} of ${context.host} was under way.`,
    hint: 'Run again to go on.',
    facts: { action: context.action, host: context.host },
  })
}

/** The HTTP status an error of this folder came from, or `null` when no answer came. */
export function statusOf(error: BatchReconciliationError): number | null {
  const { status } = error.facts as { readonly status?: unknown }
  return typeof status === 'number' ? status : null
}

function problemOf(failure: Failure, context: CallContext): Problem {
  switch (failure.type) {
    case 'status':
      return statusProblem(failure, context)
    case 'aborted':
      return interrupted(context).problem
    case 'connection':
      return lost(context, 'the connection failed', failure.message)
    case 'proxy':
      return stoppedByProxy(failure, context)
    case 'untrusted':
      return untrusted(context, failure.message)
    case 'truncated-json':
      return lost(context, 'the answer is cut or no JSON', failure.message)
    case 'unsendable':
      return unsendable(context, failure.message)
    case 'unknown':
      break
  }
  return unknown(context, failure.message)
}

/** No answer came. */
export const unreachableHint = `Nothing is lost: ${laterHint} If it stays, check the network and the base URL.`

function lost({ action, host, secrets }: CallContext, what: string, message: string): Problem {
  const causeMessage = redacted(message, secrets)
  return {
    code: 'NetworkError',
    message: `${action} got no answer from ${host}: ${what} (${causeMessage}).`,
    hint: unreachableHint,
    isPassing: true,
    causeMessage,
    facts: { action, host },
  }
}

/** Of a proxy that cannot reach the server somebody else is told, later; of a refusal only whoever set the proxy. */
function stoppedByProxy(
  { status, message }: Extract<Failure, { readonly type: 'proxy' }>,
  context: CallContext,
): Problem {
  const { action, host, secrets } = context
  if (isPassingStatus(status)) return lost(context, 'the proxy did not get through to it', message)
  const causeMessage = redacted(message, secrets)
  return {
    code: 'AccessDenied',
    message: `${action} did not get to ${host}: the proxy on the way answered with ${status} (${causeMessage}).`,
    hint: hintForProxy(status, host),
    needsPerson: true,
    causeMessage,
    facts: { action, host, status, isSent: false },
  }
}

function untrusted({ action, host, secrets }: CallContext, message: string): Problem {
  const causeMessage = redacted(message, secrets)
  return {
    code: 'AccessDenied',
    message: `${action} was not sent to ${host}: its certificate is not trusted (${causeMessage}).`,
    hint: `If ${host}, or a proxy on the way, has a certificate of your own organisation, name the file of that organisation's root certificate before the start: NODE_EXTRA_CA_CERTS=/path/to/root.pem. Else somebody may be listening in between.`,
    needsPerson: true,
    causeMessage,
    facts: { action, host, isSent: false },
  }
}

function unsendable({ action, host, secrets }: CallContext, message: string): Problem {
  return {
    code: 'AccessDenied',
    message: `${action} could not be sent to ${host}: the API key holds characters that no header may carry.`,
    hint: 'Look for a line break, a space or a quotation mark around the key.',
    needsPerson: true,
    causeMessage: redacted(message, secrets),
    facts: { action, host },
  }
}

function unknown({ action, host, secrets }: CallContext, message: string): Problem {
  const causeMessage = redacted(message, secrets)
  return {
    code: 'UnexpectedError',
    message: `${action} of ${host} failed in a way that is not known here: ${causeMessage}`,
    hint: 'This looks like a fault in the client or in batch-reconciler; please report it.',
    causeMessage,
    facts: { action, host },
  }
}

type StatusFailure = Extract<Failure, { readonly type: 'status' }>

function statusProblem(failure: StatusFailure, context: CallContext): Problem {
  const { action, host, secrets } = context
  const words = wordsOf(failure, secrets)
  const verdict = verdictOf(failure, { ...failure, ...context, words })
  const delayMs = retryAfterMs(failure.headers, context.nowMs)
  const code = failure.code === null ? '' : ` ${redacted(failure.code, secrets)}`
  const asked = pathStatuses.has(failure.status) ? ` (asked: ${context.address})` : ''
  return {
    ...verdict,
    message: `${host} answered ${action} with ${failure.status}${code}${words === null ? '' : `: ${words}`}${asked}`,
    ...(words === null ? {} : { causeMessage: words }),
    ...(verdict.isPassing === true && delayMs !== null ? { retryAfterMs: delayMs } : {}),
    facts: factsOf(failure, context),
  }
}

/** Where the address itself may be the mistake. */
const pathStatuses: ReadonlySet<number> = new Set([404, 405, 410, 501])

/** `null` where the server gave no words, or gave them in a shape the SDK does not keep (`{"detail": …}`). */
function wordsOf({ message }: StatusFailure, secrets: readonly string[]): string | null {
  return message === 'status code (no body)' ? null : redacted(message, secrets)
}

function factsOf(
  failure: StatusFailure,
  { action, host, address, secrets }: CallContext,
): Readonly<Record<string, unknown>> {
  const { status, requestId } = failure
  const clean = (text: string | null) => (text === null ? null : redacted(text, secrets))
  return {
    action,
    host,
    address,
    status,
    code: clean(failure.code),
    kind: clean(failure.kind),
    param: clean(failure.param),
    requestId,
  }
}

type Verdict = Pick<Problem, 'isPassing' | 'needsPerson'> & {
  readonly code: ProblemCode
  readonly hint: string
}

function verdictOf(failure: StatusFailure, call: RefusedCall): Verdict {
  const verdict = plainVerdict(failure)
  return { ...verdict, hint: hintFor(verdict.code, call) ?? verdict.hint }
}

function plainVerdict(failure: StatusFailure): Verdict {
  const { status } = failure
  if (status < 500 && (status === 402 || isQuota(failure))) return quotaVerdict
  if (status === 401 || status === 403) return accessVerdict
  if (status === 429) return rateVerdict
  return isPassingStatus(status) ? passingVerdict : refusedVerdict
}

const quotaVerdict: Verdict = {
  code: 'QuotaExhausted',
  hint: 'Add credit or raise the limit of the account, then run again. Waiting alone does not help.',
  needsPerson: true,
}

const accessVerdict: Verdict = {
  code: 'AccessDenied',
  hint: 'Check the API key, its project and its permissions, and that it belongs to this base URL.',
  needsPerson: true,
}

const rateVerdict: Verdict = {
  code: 'RateLimited',
  hint: `The server wants fewer calls for now: ${laterHint}`,
  isPassing: true,
}

const passingVerdict: Verdict = {
  code: 'NetworkError',
  hint: `The server had trouble of its own: ${laterHint}`,
  isPassing: true,
}

const refusedVerdict: Verdict = {
  code: 'RequestRefused',
  hint: "The server's words say what it did not like. The same call would be refused again.",
  needsPerson: true,
}

const passingStatuses: ReadonlySet<number> = new Set([408, 409, 425, 499])

const isPassingStatus = (status: number): boolean => status >= 500 || passingStatuses.has(status)

/** Retrying these never ends; the SDK itself would try three times. */
function isQuota({ code, kind }: StatusFailure): boolean {
  return isQuotaCode(code ?? '') || isQuotaCode(kind ?? '')
}
