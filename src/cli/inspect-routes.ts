import { buildCommand } from '@stricli/core'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { folderParameter, parsePath, wholeNumber } from './parameters.js'

export type InspectFlags = {
  readonly port?: number
  readonly replay?: string
  readonly export?: string
}

/** The port of the inspector's page, wherever there is one. */
export const portFlag = {
  kind: 'parsed',
  brief: 'Port of the page on 127.0.0.1, 0 to 65535 (0, any free one, unless given)',
  placeholder: 'number',
  parse: wholeNumber(0, 65_535),
  optional: true,
} as const

export const inspectRoute = buildCommand<InspectFlags, readonly [workspace?: string], CommandLineContext>({
  loader: async () => (await import('./commands/inspect.js')).inspect,
  parameters: {
    positional: { kind: 'tuple', parameters: [{ ...folderParameter, optional: true }] },
    flags: {
      port: portFlag,
      replay: {
        kind: 'parsed',
        brief:
          'Step through one journal (logs/batch_journal_<index>.jsonl), wherever it lies, in place of a workspace',
        placeholder: 'journal.jsonl',
        parse: parsePath,
        optional: true,
      },
      export: {
        kind: 'parsed',
        brief: 'Write the page as one file that works offline, and end',
        placeholder: 'out.html',
        parse: parsePath,
        optional: true,
      },
    },
  },
  docs: {
    brief: 'Show the triples and their states in a browser',
    fullDescription: described(
      'Serves a page on this machine that shows every triple on the chart of its states: what is stuck, since when, why, and each step it took. Reads only, and works beside a run. Stays until Ctrl-C. A run that shows itself, with buttons: run --inspect, watch --inspect.',
      [
        'inspect ./batches',
        'inspect ./batches --export report.html',
        'inspect --replay batch_journal_7.jsonl',
      ],
    ),
  },
})
