import { digest } from '../fake-server/deterministic.js'
import type { BatchRequest } from '../fake-server/wire.js'
import type { Random } from './random.js'
import type { RecipeEndpoint, RecipeIds } from './recipe.js'

/** One request as a support desk might send it to be sorted. */
export function makeRequest(endpoint: RecipeEndpoint, customId: string, random: Random): BatchRequest {
  const ticket = ticketText(random)
  return { custom_id: customId, method: 'POST', url: urls[endpoint], body: bodies[endpoint](ticket) }
}

/** The `custom_id` of a request, by its position from 0. */
export function customIdAt(ids: RecipeIds, index: string, position: number): string {
  if (ids === 'uuid') return uuidOf([index, position])
  if (ids === 'awkward') return `tickets/${position + 1} "größe" ${awkward[position % awkward.length]}`
  return `request-${position + 1}`
}

/** A UUID that follows from its parts, in the shape of version 4. */
export function uuidOf(parts: readonly (string | number)[]): string {
  const hex = digest(0, parts, 32)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-')
}

/** What a model might answer. */
export function answerText(answers: 'text' | 'json', random: Random): string {
  const category = random.pick(categories)
  if (answers === 'json') return JSON.stringify({ category, urgency: 1 + random.below(3), language: 'en' })
  return `This is about ${category}. The customer ${random.pick(wishes)}, and ${random.pick(moods)}.`
}

const urls: Readonly<Record<RecipeEndpoint, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  embeddings: '/v1/embeddings',
}

const instructions =
  'Sort the support ticket: its category, how urgent it is, and the language it is written in.'

const bodies: Readonly<Record<RecipeEndpoint, (ticket: string) => Record<string, unknown>>> = {
  chat: (ticket) => ({
    model: 'gpt-4o-mini',
    max_completion_tokens: 500,
    messages: [
      { role: 'system', content: instructions },
      { role: 'user', content: ticket },
    ],
  }),
  responses: (ticket) => ({ model: 'gpt-4o-mini', instructions, input: ticket, max_output_tokens: 500 }),
  embeddings: (ticket) => ({ model: 'text-embedding-3-small', input: ticket, dimensions: 16 }),
}

function ticketText(random: Random): string {
  return [
    random.pick(greetings),
    `My ${random.pick(things)} ${random.pick(faults)} since ${random.pick(times)}.`,
    `I ${random.pick(wishes)}.`,
    random.pick(closings),
  ].join(' ')
}

const greetings = ['Hello!', 'Guten Tag,', 'Bonjour,', '你好，', 'Hi there,', 'To whom it may concern:']
const things = ['order', 'invoice', 'coffee machine', 'subscription', 'account', 'parcel', 'card reader']
const faults = ['has not arrived', 'is wrong', 'makes a strange noise', 'was charged twice', 'does not open']
const times = ['Monday', 'last week', 'the update', 'yesterday – 18:00', 'March', 'the very first day']
const wishes = [
  'want my money back',
  'need a new one',
  'would like to cancel',
  'ask for a call',
  'need an answer today',
]
const closings = ['Thanks 🙂', 'Best regards, Zoë', 'Grüße aus Köln', 'This is urgent!', 'Please help.']
const categories = ['delivery', 'billing', 'repair', 'account', 'returns']
const moods = ['sounds patient', 'is in a hurry', 'has written before', 'sounds upset']
const awkward = ['🙂', '\\', '<b>', '../x', '%20']
