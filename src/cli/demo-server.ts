import {
  createFakeBatchServer,
  type FakeBatchServer,
} from '../testing/fake-server/create-fake-batch-server.js'
import { downloadCut, createAnswerLost } from '../testing/fake-server/faults.js'
import type { BatchPlan, RowRule } from '../testing/fake-server/plan.js'
import type { BatchRequest } from '../testing/fake-server/wire.js'
import { createRandom } from '../testing/generate-workspace/random.js'
import { customIdAt, makeRequest } from '../testing/generate-workspace/requests.js'

/** What the second part of the demo sends, and what has to come of it. */
export const onlineDemo = {
  requests: 3_000,
  models: ['gpt-4o-mini', 'gpt-4.1-nano'],
  /** Two for the models, a retry of each, and one more for what failed in the retry of the batch that expired. */
  batches: 5,
} as const

const positions = Array.from({ length: onlineDemo.requests }, (_, position) => position)

/** Every `custom_id`, in the order of the requests file. */
export const onlineDemoIds: readonly string[] = positions.map((position) => customIdAt('plain', '', position))

/** The requests file. Every third line is for the other model. */
export function onlineDemoRequests(): string {
  const random = createRandom(7)
  const lines = positions.map((position) => {
    const request = makeRequest('chat', customIdAt('plain', '', position), random)
    const model = onlineDemo.models[position % 3 === 2 ? 1 : 0]
    return `${JSON.stringify({ ...request, body: { ...request.body, model } })}\n`
  })
  return lines.join('')
}

/** The endpoint turns these down each time. */
export const isRefused = (customId: string): boolean => numberOf(customId) % 250 === 0

/** These meet a rate limit once. */
const isUnlucky = (customId: string): boolean => numberOf(customId) % 40 === 7

const numberOf = (customId: string): number => Number(customId.slice(customId.lastIndexOf('-') + 1))

/**
 * A server that lives through hours in seconds, and does what real ones do on a bad day: the first answer to a
 * creation is lost, two downloads break off (one of them without a sign), and the second batch expires half-way.
 */
export function onlineDemoServer(): FakeBatchServer {
  return createFakeBatchServer({
    advanceMsPerPoll: 1.25 * hourMs,
    defaults: { validatingMs: hourMs / 4, inProgressMs: 5 * hourMs, order: 'shuffled', rows },
    planFor: ({ number }) => (number === 2 ? expiring : undefined),
    faults: [
      createAnswerLost(),
      downloadCut('reset'),
      downloadCut('clean-end', { skip: 1, atLineEnd: true }),
    ],
  })
}

const hourMs = 3_600_000

const rows: readonly RowRule[] = [
  { when: ({ custom_id: id }: BatchRequest) => isRefused(id), answer: 'bad-request' },
  { when: ({ custom_id: id }: BatchRequest) => isUnlucky(id), times: 1, answer: 'rate-limited' },
]

const expiring: BatchPlan = { ending: { status: 'expired', afterShare: 0.5 } }
