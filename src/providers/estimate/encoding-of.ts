/** How texts are cut into tokens. */
export type TokenEncoding = 'o200k_base' | 'cl100k_base'

export interface ModelEncoding {
  readonly encoding: TokenEncoding
  /** False: nobody here knows how the model cuts texts, and the newest way that is published stands in. */
  readonly isOwn: boolean
}

/**
 * The encoding of a model by its name, also of a fine-tuned one (`ft:gpt-4o-mini:…`) and behind a gateway's prefix
 * (`openai/gpt-4o`).
 *
 * Source: openai/tiktoken, `tiktoken/model.py`.
 */
export function encodingOf(model: string | null): ModelEncoding {
  const name = model?.replace(/^ft:/, '').replace(/^.*\//, '') ?? ''
  if (newer.test(name)) return { encoding: 'o200k_base', isOwn: true }
  if (older.test(name)) return { encoding: 'cl100k_base', isOwn: true }
  return { encoding: 'o200k_base', isOwn: false }
}

const newer = /^(?:(?:chatgpt-|gpt-)4o|gpt-4\.\d|gpt-5|gpt-oss|o[1-9](?:-|$))/
const older = /^(?:gpt-4(?:-|$)|gpt-3\.?5|text-embedding-(?:3|ada-002)|(?:babbage|davinci)-002)/
