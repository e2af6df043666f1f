// A schema and a callback, the same ones for the product (`run --processor`) and for the script written by hand.
import { z } from 'zod'

export const schema = z.object({
  name: z.string(),
  category: z.enum(['delivery', 'billing', 'repair', 'account', 'returns']),
  urgency: z.number().int().min(1).max(5),
  tags: z.array(z.string()),
  summary: z.string(),
})

const byCategory = new Map()

/** What a callback may do at least: look at the row, and count it. */
export async function processOutput({ content }) {
  byCategory.set(content.category, (byCategory.get(content.category) ?? 0) + content.summary.length)
}
