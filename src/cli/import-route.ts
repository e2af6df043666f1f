import { buildCommand } from '@stricli/core'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { jsonFlag, onOff, parsePath, parseText } from './parameters.js'
import type { LookFlags } from './routes.js'
import { serverFlags, type ServerFlags } from './server-flags.js'

export type ImportFlags = LookFlags &
  ServerFlags & { readonly batch?: readonly string[]; readonly dryRun?: boolean; readonly move?: boolean }

export const importRoute = buildCommand<ImportFlags, readonly [string, ...string[]], CommandLineContext>({
  loader: async () => (await import('./commands/import.js')).importCommand,
  parameters: {
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: {
        brief:
          'Files and folders of any names, then the workspace; the workspace alone where batches are named',
        placeholder: 'from workspace',
        parse: parsePath,
      },
    },
    flags: {
      batch: {
        kind: 'parsed',
        brief: "The server's id of a batch to fetch, whoever made it; may be given several times",
        placeholder: 'batch_id',
        parse: parseText,
        optional: true,
        variadic: true,
      },
      ...serverFlags,
      dryRun: { ...onOff, brief: 'Say what would be brought in, and write nothing' },
      move: { ...onOff, brief: 'Remove each source once its copy is proven' },
      json: { ...jsonFlag, brief: 'One JSON object per file, or batch, and line on stdout' },
    },
  },
  docs: {
    brief: 'Bring in files of any names, or batches of the server',
    fullDescription: described(
      'Tells by its lines what each file is, pairs answers with requests by their ids, and copies what fits wholly into workdir/. Nothing is guessed or overwritten: what fits in two ways, or only in part, is left where it is and named with its numbers. To do it twice changes nothing. With --batch it fetches input, output and error file of batches that the server knows, and makes a triple of each; nothing is created or paid for.',
      [
        'import ~/Downloads/*.jsonl ./batches',
        'import ./loose ./batches --dry-run',
        'import --batch batch_abc123 ./batches',
      ],
    ),
  },
})
