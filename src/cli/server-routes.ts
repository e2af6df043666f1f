import { buildCommand } from '@stricli/core'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { inspectorFlags, type InspectorFlags } from './inspector-flags.js'
import { folderParameter, jsonFlag, onOff, parsePath, parseText, wholeNumber } from './parameters.js'
import { reconcileFlags } from './reconcile-flags.js'
import { workspace, type LookFlags, type RunFlags, type WorkspaceArgument } from './routes.js'
import { sendingFlags, type SendingFlags } from './sending-flags.js'
import { serverFlags, type ServerFlags } from './server-flags.js'
import { signalFlags, type SignalFlags } from './signal-flags.js'

export type WatchFlags = Omit<RunFlags, 'submit'> & { readonly pollSeconds?: number }

export type SubmitFlags = LookFlags &
  SendingFlags & {
    readonly again?: boolean
    readonly estimate?: boolean
    readonly contentType?: ExpectedContentType
  }

export type RetryFlags = Omit<RunFlags, 'submit' | keyof InspectorFlags | keyof SignalFlags> & {
  readonly all?: boolean
  readonly unrecognised?: boolean
}

export type CancelFlags = LookFlags & ServerFlags & { readonly yes?: boolean }

export type IndexArguments = readonly [workspace: string, index: string]

export const indexParameter = {
  brief: 'Index of a triple: the number or UUID in its file names',
  placeholder: 'index',
  parse: parseText,
} as const

export const pollSeconds = {
  kind: 'parsed',
  brief: 'Seconds between two looks at the server, 1 to 86400 (60 unless given)',
  placeholder: 'number',
  parse: wholeNumber(1, 86_400),
  optional: true,
} as const

export const watchRoute = buildCommand<WatchFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/watch.js')).watch,
  parameters: {
    positional: workspace,
    flags: {
      ...reconcileFlags,
      ...sendingFlags,
      ...inspectorFlags,
      ...signalFlags,
      pollSeconds,
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
      ...sendingFlags,
      contentType: reconcileFlags.contentType,
      again: {
        ...onOff,
        brief: 'Send requests that were sent from this workspace before; they are paid for again',
      },
      estimate: {
        ...onOff,
        brief: 'Only reckon the tokens, and with --prices the cost; sends nothing; needs gpt-tokenizer',
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
        'submit ./batches requests.jsonl --estimate --prices prices.json',
        'submit ./batches *.jsonl --base-url https://api.groq.com/openai/v1 --api-key-env GROQ_API_KEY',
      ],
    ),
  },
})

export const retryRoute = buildCommand<RetryFlags, IndexArguments, CommandLineContext>({
  loader: async () => (await import('./commands/retry.js')).retry,
  parameters: {
    positional: { kind: 'tuple', parameters: [folderParameter, indexParameter] },
    flags: {
      ...reconcileFlags,
      ...sendingFlags,
      all: {
        ...onOff,
        brief: 'Also send answers again that are cut, filtered, refused, unproven or rejected',
      },
      unrecognised: {
        ...onOff,
        brief: 'Also send requests again whose rows nobody can read; those may be paid answers',
      },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Send again what failed for good, or run one triple again',
    fullDescription: described(
      'Sends the failed requests of a finished triple and its retries again, as one new triple, whatever the reason they failed for and however many attempts there were; that costs money. The same failure is never sent twice. Without a key of a server the new triple waits in workdir/. A triple that still stands in workdir/ is run again instead.',
      ['retry ./batches 4', 'retry ./batches 4 --all'],
    ),
  },
})

export const cancelRoute = buildCommand<CancelFlags, readonly [string, ...string[]], CommandLineContext>({
  loader: async () => (await import('./commands/cancel.js')).cancel,
  parameters: {
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: {
        brief: 'The workspace, then indices of triples; without any, all batches that are under way',
        placeholder: 'workspace index',
        parse: parseText,
      },
    },
    flags: {
      ...serverFlags,
      yes: { ...onOff, brief: 'Do not ask first; needed where there is no terminal' },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Stop batches at the server; what they answered is kept',
    fullDescription: described(
      'Cancels batches at the server. That it is wanted is kept in the metadata first, so that a crash or a cut connection changes nothing: the next run goes on with it. What was answered by then is paid for, downloaded and delivered by the next runs; the rest is not sent again by itself, `retry` sends it. A submission that is not confirmed is looked for and cancelled when it is found, and never sent.',
      ['cancel ./batches 4', 'cancel ./batches --yes'],
    ),
  },
})

export const adoptRoute = buildCommand<
  ServerFlags,
  readonly [...IndexArguments, batchId: string],
  CommandLineContext
>({
  loader: async () => (await import('./commands/adopt.js')).adopt,
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        folderParameter,
        indexParameter,
        { brief: "The server's id of the batch, or `none`", placeholder: 'batch_id', parse: parseText },
      ],
    },
    flags: { ...serverFlags },
  },
  docs: {
    brief: 'Give a triple the batch whose id was lost',
    fullDescription: described(
      'Notes in the metadata of a triple which batch of the server is its own, when that was lost or the batch was made by another tool. The server is asked for the batch first; a batch that belongs to another triple or another upload is refused. `none` in place of an id says that the server made no batch where its list cannot show it; the next run then makes one. Creates nothing and sends nothing.',
      ['adopt ./batches 4 batch_abc123', 'adopt ./batches 4 none'],
    ),
  },
})
