import { buildCommand } from '@stricli/core'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { folderParameter, jsonFlag, onOff, parsePath } from './parameters.js'
import { reconcileFlags } from './reconcile-flags.js'
import { inspectorFlags, type InspectorFlags } from './inspector-flags.js'
import { sendingFlags, type SendingFlags } from './sending-flags.js'
import { signalFlags, type SignalFlags } from './signal-flags.js'

// Type aliases, because the framework wants flags that can stand for a record of any flags.

/** Flags of commands that only look. */
export type LookFlags = { readonly json?: boolean }

export type PlanFlags = LookFlags & {
  readonly quick?: boolean
  readonly estimate?: boolean
  readonly prices?: string
}

export type RunFlags = LookFlags &
  SendingFlags & {
    readonly concurrency?: number
    readonly contentType?: ExpectedContentType
    readonly maxAttempts?: number
    readonly processor?: string
    readonly repairJson?: boolean
    readonly submit?: boolean
  } & InspectorFlags &
  SignalFlags

export type UnlockFlags = { readonly force?: boolean }

export type WorkspaceArgument = readonly [workspace: string]

/** The one argument most commands take. */
export const workspace = { kind: 'tuple', parameters: [folderParameter] } as const

export const planRoute = buildCommand<PlanFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/plan.js')).plan,
  parameters: {
    positional: workspace,
    flags: {
      quick: { ...onOff, brief: 'Go by names, sizes and metadata; count nothing' },
      estimate: {
        ...onOff,
        brief: 'Also reckon the tokens of what was not submitted yet; needs the package gpt-tokenizer',
      },
      prices: {
        kind: 'parsed',
        parse: parsePath,
        brief: 'Price file, for what --estimate costs',
        placeholder: 'prices.json',
        optional: true,
      },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Say what a run would do with each triple, and why',
    fullDescription: described(
      'Says what a run would do with each triple, and why. Changes nothing. Reads the files and counts their ids as the run would, so that what does not add up shows here.',
      ['plan ./batches', 'plan ./batches --quick --json', 'plan ./batches --estimate --prices prices.json'],
    ),
  },
})

export const runRoute = buildCommand<RunFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/run.js')).run,
  parameters: {
    positional: workspace,
    flags: {
      ...reconcileFlags,
      ...sendingFlags,
      ...inspectorFlags,
      ...signalFlags,
      submit: { ...onOff, brief: 'Also send inputs that were never submitted; that costs money' },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Reconcile every triple, one pass',
    fullDescription: described(
      'Takes every triple as far as it goes by itself: proves that each request is answered once, writes the results to target/, keeps failed requests for another attempt, and moves finished files to done/. With a key of a server it also asks for waiting batches, downloads what is ready and sends failed requests again; inputs that were never submitted are sent only with --submit.',
      ['run ./batches', 'run ./batches --content-type json --processor ./my-processor.mjs'],
    ),
  },
})

export const statusRoute = buildCommand<LookFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/status.js')).status,
  parameters: { positional: workspace, flags: { json: jsonFlag } },
  docs: {
    brief: 'Show how every triple stands',
    fullDescription: described(
      'Shows how every triple in workdir/ stands. Reads no file of rows and changes nothing; works beside a run.',
      ['status ./batches'],
    ),
  },
})

export const verifyRoute = buildCommand<LookFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/verify.js')).verify,
  parameters: { positional: workspace, flags: { json: jsonFlag } },
  docs: {
    brief: 'Prove the triples in done/ again',
    fullDescription: described(
      'Proves every triple in done/ again, offline: its bytes are those of its proof, and every request is accounted for exactly once.',
      ['verify ./batches'],
    ),
  },
})

export const unlockRoute = buildCommand<UnlockFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/unlock.js')).unlock,
  parameters: {
    positional: workspace,
    flags: {
      force: { ...onOff, brief: 'Also when the process that holds the lock still runs' },
    },
  },
  docs: {
    brief: 'Remove a lock that nobody will release',
    fullDescription: described(
      'Removes the lock of a workspace. Only needed for locks of another machine, or that cannot be read: a lock whose process is gone is taken over by the next run.',
      ['unlock ./batches'],
    ),
  },
})

export const demoRoute = buildCommand<LookFlags, readonly [folder: string], CommandLineContext>({
  loader: async () => (await import('./commands/demo.js')).demo,
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [
        { ...folderParameter, brief: 'Folder to make', placeholder: 'folder', default: './batch-demo' },
      ],
    },
    flags: { json: jsonFlag },
  },
  docs: {
    brief: 'Make a workspace of every kind of triple and reconcile it',
    fullDescription: described(
      'Makes a workspace with triples of every kind, some of them broken on purpose, and reconciles it. Then sends some thousand requests to a server inside this process that fails as real ones do, and goes the whole way until everything is settled. Can be repeated: the folder is made anew each time. Needs no key and no network.',
      ['demo', 'demo /tmp/batch-demo'],
    ),
  },
})
