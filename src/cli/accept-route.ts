import { buildCommand } from '@stricli/core'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { folderParameter, jsonFlag, onOff } from './parameters.js'
import { reconcileFlags } from './reconcile-flags.js'
import type { RunFlags } from './routes.js'
import { sendingFlags } from './sending-flags.js'
import { indexParameter, type IndexArguments } from './server-routes.js'
import type { InspectorFlags } from './inspector-flags.js'
import type { SignalFlags } from './signal-flags.js'

export type AcceptFlags = Omit<RunFlags, keyof InspectorFlags | keyof SignalFlags> & {
  readonly keep?: 'first' | 'last'
}

export const acceptRoute = buildCommand<AcceptFlags, IndexArguments, CommandLineContext>({
  loader: async () => (await import('./commands/accept.js')).accept,
  parameters: {
    positional: { kind: 'tuple', parameters: [folderParameter, indexParameter] },
    flags: {
      ...reconcileFlags,
      ...sendingFlags,
      keep: {
        kind: 'enum',
        brief: 'Which of two different answers counts, in the order of output, then error file',
        values: ['first', 'last'],
        optional: true,
      },
      submit: {
        ...onOff,
        brief: 'Also send the requests without an answer again; they are paid for, perhaps a second time',
      },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Go on with what is here, although answers are missing',
    fullDescription: described(
      'Decides that missing answers stay missing for now, that rows nobody can read stay unread, and with --keep which of two different answers counts. What is here is delivered and the triple moves to done/. The requests without an answer become the retry of the same lineage; it is sent only with --submit, here or at a later run, because they may have been answered and paid for. The decision holds for these very files: others that take their place are judged anew.',
      ['accept ./batches 4', 'accept ./batches 4 --keep last', 'accept ./batches 4 --submit'],
    ),
  },
})
