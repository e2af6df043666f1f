import { jsonReply, type AnswerReply } from './reply.js'

/** Why the server refuses a call; becomes `{"error": {…}}` as OpenAI writes it. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly type?: string
  readonly code?: string | null
  readonly param?: string | null
}

/** Thrown inside the handlers, turned into a reply at their edge. */
export class RefusalError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

/** Shorthand for throwing: `throw refuse({ status: 400, message })`. */
export const refuse = (refusal: Refusal): RefusalError => new RefusalError(refusal)

export function refusalReply(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): AnswerReply {
  const { status, message, type = 'invalid_request_error', code = null, param = null } = refusal
  return jsonReply(status, { error: { message, type, param, code } }, headers)
}
