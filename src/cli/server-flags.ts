import { parsePath } from './parameters.js'

/** Flags of commands that may speak to a server. */
export type ServerFlags = {
  readonly baseUrl?: string
  readonly apiKeyEnv?: string
}

export const serverFlags = {
  baseUrl: {
    kind: 'parsed',
    brief: 'Server that speaks the OpenAI batch protocol (OPENAI_BASE_URL unless given)',
    placeholder: 'url',
    parse: parseUrl,
    optional: true,
  },
  apiKeyEnv: {
    kind: 'parsed',
    brief: 'Name of the environment variable that holds the key (OPENAI_API_KEY unless given)',
    placeholder: 'NAME',
    parse: parsePath,
    optional: true,
  },
} as const

function parseUrl(input: string): string {
  const url = URL.canParse(input) ? new URL(input) : null
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return input
  throw new Error(`'${input}' was given; a URL such as https://api.openai.com/v1 was expected.`)
}
