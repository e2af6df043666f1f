import type { OpenAI } from 'openai'
import { reconciliationError, type BatchReconciliationError } from '../errors.js'
import type { CommandLineContext } from './context.js'
import { loadOpenAi } from './load-open-ai.js'
import { fetchThroughProxy } from './proxy.js'
import type { ServerFlags } from './server-flags.js'

/**
 * The client for the server that flags and environment name; `null` when they name none, and the command then works
 * on what is on disk. The key is read from the environment only: on a command line everybody on the machine sees it.
 * Organisation, project and proxies come from there too.
 *
 * @throws WrongUsage when a server, a key variable or --submit is given and the key is missing, or the `openai` package
 * is, or a proxy is named that cannot be used
 */
export async function connect(
  { process: { env } }: CommandLineContext,
  { baseUrl, apiKeyEnv, submit = false }: ServerFlags & { readonly submit?: boolean },
): Promise<OpenAI | null> {
  const name = apiKeyEnv ?? 'OPENAI_API_KEY'
  const apiKey = env[name]
  const url = baseUrl ?? env['OPENAI_BASE_URL']
  const isMissing = apiKey === undefined || apiKey === ''
  if (isMissing && submit) throw nothingToSubmitTo()
  if (isMissing && baseUrl === undefined && apiKeyEnv === undefined) return null
  if (isMissing) throw missingKey(name)
  const fetch = await fetchThroughProxy(env)
  const { OpenAI: Client } = await loadOpenAi()
  return new Client({
    apiKey,
    baseURL: url ?? null,
    organization: env['OPENAI_ORG_ID'] || null,
    project: env['OPENAI_PROJECT_ID'] || null,
    maxRetries: 0,
    ...(fetch !== null && { fetch }),
  })
}

/** As `connect`, for commands that cannot work without a server. */
export async function connectOrRefuse(context: CommandLineContext, flags: ServerFlags): Promise<OpenAI> {
  const client = await connect(context, flags)
  if (client === null) throw missingKey('OPENAI_API_KEY')
  return client
}

function nothingToSubmitTo(): BatchReconciliationError {
  return reconciliationError({
    code: 'WrongUsage',
    message: '--submit sends inputs to a server, and no key of a server is set.',
    hint: 'Set OPENAI_API_KEY, or name another variable with --api-key-env.',
  })
}

function missingKey(name: string): BatchReconciliationError {
  return reconciliationError({
    code: 'WrongUsage',
    message: `The environment variable ${name} is not set; it holds the key of the server.`,
    hint: 'Set it, or name another with --api-key-env. A server that wants no key takes any text.',
  })
}
