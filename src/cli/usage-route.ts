import { buildCommand } from '@stricli/core'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { jsonFlag, parsePath } from './parameters.js'
import { workspace, type LookFlags, type WorkspaceArgument } from './routes.js'

export type UsageFlags = LookFlags & { readonly prices?: string; readonly by: 'model' | 'lineage' }

export const usageRoute = buildCommand<UsageFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/usage.js')).usage,
  parameters: {
    positional: workspace,
    flags: {
      prices: {
        kind: 'parsed',
        parse: parsePath,
        brief: 'A file of prices that you keep; says what the tokens cost by it',
        placeholder: 'file',
        optional: true,
      },
      by: {
        kind: 'enum',
        brief: 'One line for each model, or for each lineage and model',
        values: ['model', 'lineage'],
        default: 'model',
      },
      json: { ...jsonFlag, brief: 'One JSON object a line on stdout' },
    },
  },
  docs: {
    brief: 'Add up the tokens of all answers, and what they cost',
    fullDescription: described(
      'Adds up the tokens of every answer of every attempt, as the answers themselves say: good ones, and those that were cut, turned down or replaced by a later download. With prices of yours it says what they cost; none are built in. Reads output and error files and changes nothing; works beside a run.',
      ['usage ./batches', 'usage ./batches --prices prices.json', 'usage ./batches --by lineage --json'],
    ),
  },
})
