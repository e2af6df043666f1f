import { buildCommand } from '@stricli/core'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { jsonFlag, parsePath, wholeNumber } from './parameters.js'
import { reconcileFlags } from './reconcile-flags.js'
import { workspace, type LookFlags, type RunFlags, type WorkspaceArgument } from './routes.js'
import { serverFlags, type ServerFlags } from './server-flags.js'

export type WatchFlags = Omit<RunFlags, 'submit'> & { readonly pollSeconds?: number }

export type SubmitFlags = LookFlags &
  ServerFlags & { readonly again?: boolean; readonly contentType?: ExpectedContentType }

export const watchRoute = buildCommand<WatchFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/watch.js')).watch,
  parameters: {
    positional: workspace,
    flags: {
      ...reconcileFlags,
      ...serverFlags,
      pollSeconds: {
        kind: 'parsed',
        brief: 'Seconds between two looks at the server, 1 to 86400 (60 unless given)',
        placeholder: 'number',
        parse: wholeNumber(1, 86_400),
        optional: true,
      },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Stay until every triple is settled',
    fullDescription: described(
      'Does what run does, again and again, until no batch is at the server any more. Ctrl-C stops cleanly; the next watch or run goes on.',
      ['watch ./batches', 'watch ./batches --content-type json --processor ./my-processor.mjs'],
    ),
  },
})

export const submitRoute = buildCommand<SubmitFlags, readonly [string, ...string[]], CommandLineContext>({
  loader: async () => (await import('./commands/submit.js')).submit,
  parameters: {
    positional: {
      kind: 'array',
      minimum: 2,
      parameter: {
        brief: 'The workspace, then one or more files of requests',
        placeholder: 'workspace requests.jsonl',
        parse: parsePath,
      },
    },
    flags: {
      ...serverFlags,
      contentType: reconcileFlags.contentType,
      again: {
        kind: 'boolean',
        brief: 'Send requests that were sent from this workspace before; they are paid for again',
        optional: true,
        withNegated: false,
      },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Send files of requests as batches',
    fullDescription: described(
      'Checks every file as the server would, before a byte is sent; splits what is more than one batch by model, lines and bytes; uploads, and creates each batch exactly once. The same requests are never sent twice, also after a crash.',
      [
        'submit ./batches requests.jsonl',
        'submit ./batches *.jsonl --base-url https://api.groq.com/openai/v1 --api-key-env GROQ_API_KEY',
      ],
    ),
  },
})
