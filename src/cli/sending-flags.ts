import { resolve } from 'node:path'
import type { OpenAI } from 'openai'
import type { BatchProvider } from '../providers/batch-provider.js'
import type { OpenAiBatchProviderOptions } from '../providers/openai/provider.js'
import type { ServerQuirks } from '../providers/openai/quirks.js'
import type { CommandLineContext } from './context.js'
import type { ReconcileOptions } from '../engine/options.js'
import { parsePath, wholeNumber } from './parameters.js'
import { serverFlags, type ServerFlags } from './server-flags.js'

type Field = readonly [name: string, value: unknown]
type TextField = readonly [name: string, value: string]

/** Flags of commands that may send batches. */
export type SendingFlags = ServerFlags & {
  readonly uploadField?: readonly TextField[]
  readonly createField?: readonly Field[]
  readonly metadata?: readonly TextField[]
  readonly completionWindow?: string
  readonly maxBatchRequests?: number
  readonly maxBatchBytes?: number
  readonly maxTokens?: number
  readonly maxCost?: number
  readonly prices?: string
  readonly assumeTokens?: number
  readonly maxOpenTokens?: number
}

export const sendingFlags = {
  ...serverFlags,
  uploadField: {
    kind: 'parsed',
    brief: 'Extra field for each upload, for gateways that want one; may be given several times',
    placeholder: 'name=text',
    parse: textField,
    optional: true,
    variadic: true,
  },
  createField: {
    kind: 'parsed',
    brief: 'Extra field for each creation of a batch; := for JSON; may be given several times',
    placeholder: 'name=text',
    parse: anyField,
    optional: true,
    variadic: true,
  },
  metadata: {
    kind: 'parsed',
    brief: "Goes into each batch's own metadata at the server; may be given several times",
    placeholder: 'name=text',
    parse: textField,
    optional: true,
    variadic: true,
  },
  completionWindow: {
    kind: 'parsed',
    brief: 'How long the server may take for a batch (its usual window unless given)',
    placeholder: '24h',
    parse: parseWindow,
    optional: true,
  },
  maxBatchRequests: {
    kind: 'parsed',
    brief: "Requests in one batch at most (the server's limit unless given)",
    placeholder: 'number',
    parse: wholeNumber(1, 1_000_000_000),
    optional: true,
  },
  maxBatchBytes: {
    kind: 'parsed',
    brief: "Bytes of one batch at most (the server's limit unless given)",
    placeholder: 'number',
    parse: wholeNumber(1, 1_000_000_000_000),
    optional: true,
  },
  maxTokens: {
    kind: 'parsed',
    brief: 'Tokens that all answers of the workspace may take; what may go beyond is not sent',
    placeholder: 'number',
    parse: wholeNumber(1, 1_000_000_000_000_000),
    optional: true,
  },
  maxCost: {
    kind: 'parsed',
    brief: 'The same in money, by --prices',
    placeholder: 'amount',
    parse: parseAmount,
    optional: true,
  },
  prices: {
    kind: 'parsed',
    brief: 'Price file, for what is given or asked in money',
    placeholder: 'prices.json',
    parse: parsePath,
    optional: true,
  },
  assumeTokens: {
    kind: 'parsed',
    brief:
      'What a request is reckoned with that names no most of its tokens (not sent under a limit unless given)',
    placeholder: 'number',
    parse: wholeNumber(0, 1_000_000_000),
    optional: true,
  },
  maxOpenTokens: {
    kind: 'parsed',
    brief: 'Tokens of input that batches of one model may have at the server at once; what is beyond waits',
    placeholder: 'number',
    parse: wholeNumber(1, 1_000_000_000_000),
    optional: true,
  },
} as const

function parseAmount(input: string): number {
  const amount = Number(input)
  if (/^\d+(\.\d+)?$/.test(input) && amount > 0) return amount
  throw new Error('it is no amount of money above 0, such as 12.50.')
}

/** The server of a command: the client, or a provider over it where a flag says something of its own. */
export interface Server {
  readonly client?: OpenAI
  readonly provider?: BatchProvider
}

/** What the options of a command have of the server, nothing without a client; and what may be spent there. */
export async function serverOf(
  context: Pick<CommandLineContext, 'clock' | 'currentDirectory'>,
  client: OpenAI | null,
  flags: SendingFlags,
): Promise<Server & Budget> {
  return { ...(await budgetOf(context, flags)), ...(await providerOf(context, client, flags)) }
}

/** What may be spent, and be under way. */
type Budget = Pick<ReconcileOptions, 'maxTokens' | 'maxCost' | 'prices' | 'assumedTokens' | 'maxOpenTokens'>

async function budgetOf(
  { currentDirectory }: Pick<CommandLineContext, 'currentDirectory'>,
  { maxTokens, maxCost, maxOpenTokens, prices: path, assumeTokens: assumedTokens }: SendingFlags,
): Promise<Budget> {
  const limits = { maxTokens, maxCost, maxOpenTokens, assumedTokens }
  if (path === undefined) return limits
  const { readPriceList } = await import('../accounting/usage/price-list.js')
  return { ...limits, prices: await readPriceList(resolve(currentDirectory, path)) }
}

async function providerOf(
  { clock }: Pick<CommandLineContext, 'clock'>,
  client: OpenAI | null,
  flags: SendingFlags,
): Promise<Server> {
  if (client === null) return {}
  const options = optionsOf(flags)
  const quirks = limitsOf(flags)
  if (Object.keys({ ...options, ...quirks }).length === 0) return { client }
  const { openAiBatchProvider } = await import('../providers/openai/provider.js')
  return { provider: openAiBatchProvider({ client, clock, options, quirks }) }
}

function optionsOf({
  uploadField,
  createField,
  metadata,
  completionWindow,
}: SendingFlags): OpenAiBatchProviderOptions {
  return {
    ...(uploadField !== undefined && { uploadFields: Object.fromEntries(uploadField) }),
    ...(createField !== undefined && { createFields: Object.fromEntries(createField) }),
    ...(metadata !== undefined && { metadata: Object.fromEntries(metadata) }),
    ...(completionWindow !== undefined && { completionWindow }),
  }
}

/** What one batch holds at most. */
export function limitsOf({ maxBatchRequests, maxBatchBytes }: SendingFlags): Partial<ServerQuirks> {
  return {
    ...(maxBatchRequests !== undefined && { maxRequests: maxBatchRequests }),
    ...(maxBatchBytes !== undefined && { maxInputBytes: maxBatchBytes }),
  }
}

function textField(input: string): TextField {
  const end = input.indexOf('=')
  if (end < 1) throw new Error(`'${shown(input)}' was given; name=text was expected.`)
  return [input.slice(0, end), input.slice(end + 1)]
}

/** `name:=json`, as people know it from HTTPie. */
function anyField(input: string): Field {
  const [name, text] = textField(input)
  if (!name.endsWith(':') || name === ':') return [name, text]
  try {
    return [name.slice(0, -1), JSON.parse(text) as unknown]
  } catch {
    throw new Error(`'${shown(input)}' was given; JSON was expected behind :=.`)
  }
}

function parseWindow(input: string): string {
  if (/^[1-9]\d{0,3}[mhd]$/.test(input)) return input
  throw new Error(`'${shown(input)}' was given; a time such as 24h or 7d was expected.`)
}

const shown = (input: string): string => (input.length > 100 ? `${input.slice(0, 100)}…` : input)
