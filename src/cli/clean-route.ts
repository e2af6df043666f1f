import { buildCommand } from '@stricli/core'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { jsonFlag, onOff } from './parameters.js'
import { workspace, type LookFlags, type WorkspaceArgument } from './routes.js'
import { serverFlags, type ServerFlags } from './server-flags.js'

export type CleanFlags = LookFlags & ServerFlags & { readonly dryRun?: boolean; readonly imported?: boolean }

export const cleanRoute = buildCommand<CleanFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/clean.js')).clean,
  parameters: {
    positional: workspace,
    flags: {
      ...serverFlags,
      dryRun: { ...onOff, brief: 'Say what would be deleted, and delete nothing' },
      imported: {
        ...onOff,
        brief: 'Also the files of batches that were imported; their maker may need them',
      },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Delete the files of finished triples at the server',
    fullDescription: described(
      'Deletes input, output and error file at the server, of triples in done/ whose proof holds, as verify proves them. Nothing on this disk is deleted. A file that another triple or batch needs stays, and so do those of batches that were imported. What fails is tried again by the next call, and what is gone already counts as deleted.',
      ['clean ./batches --dry-run', 'clean ./batches'],
    ),
  },
})
