import { buildCommand } from '@stricli/core'
import type { CommandLineContext } from './context.js'
import { described } from './described.js'
import { jsonFlag, onOff, parsePath, wholeNumber } from './parameters.js'
import { reconcileFlags } from './reconcile-flags.js'
import { workspace, type RunFlags, type WorkspaceArgument } from './routes.js'
import { pollSeconds } from './server-routes.js'
import { sendingFlags } from './sending-flags.js'
import type { InspectorFlags } from './inspector-flags.js'
import { signalFlags } from './signal-flags.js'

export type WorkFlags = Omit<RunFlags, keyof InspectorFlags> & {
  readonly redis?: string
  readonly pollSeconds?: number
  readonly leaseSeconds?: number
  readonly maxOpenBatches?: number
  readonly maxOpenRequests?: number
  readonly maxCreationsPerMinute?: number
  readonly untilSettled?: boolean
  readonly checkStorage?: boolean
  readonly twoHosts?: boolean
}

const bound = (brief: string) =>
  ({
    kind: 'parsed',
    brief,
    placeholder: 'number',
    parse: wholeNumber(1, 1_000_000_000),
    optional: true,
  }) as const

export const workRoute = buildCommand<WorkFlags, WorkspaceArgument, CommandLineContext>({
  loader: async () => (await import('./commands/work.js')).work,
  parameters: {
    positional: workspace,
    flags: {
      ...reconcileFlags,
      ...sendingFlags,
      ...signalFlags,
      redis: {
        kind: 'parsed',
        brief: 'Address of Redis, such as redis://host:6379 (REDIS_URL unless given)',
        placeholder: 'url',
        parse: parsePath,
        optional: true,
      },
      submit: { ...onOff, brief: 'Also send inputs that were never submitted; that costs money' },
      pollSeconds,
      leaseSeconds: {
        kind: 'parsed',
        brief:
          'Seconds without a sign of life after which others go on in its place, 5 to 3600 (60 unless given)',
        placeholder: 'number',
        parse: wholeNumber(5, 3_600),
        optional: true,
      },
      maxOpenBatches: bound('Batches of the account at the server at once, of all workers together'),
      maxOpenRequests: bound(
        'Requests in batches of the account at the server at once, of all workers together',
      ),
      maxCreationsPerMinute: bound('Batches of the account created within a minute, by all workers together'),
      untilSettled: { ...onOff, brief: 'End when every triple is settled, instead of staying' },
      checkStorage: {
        ...onOff,
        brief: 'Work on nothing; try from two processes whether the storage keeps what workers rely on',
      },
      twoHosts: {
        ...onOff,
        brief: 'With --check-storage: the second process is the same command on another host',
      },
      json: jsonFlag,
    },
  },
  docs: {
    brief: 'Work on a workspace together with other workers',
    fullDescription: described(
      'Does what watch does, together with any number of other workers on this host and others that mount the folder. Redis holds who looks at which triple next; what is known stands in the files alone. Each triple belongs to one worker at a time. Needs the packages bullmq and ioredis. SIGTERM and Ctrl-C stop cleanly. See docs/workers.md.',
      [
        'work /mnt/batches --redis redis://queue:6379',
        'work /mnt/batches --max-open-batches 200 --json',
        'work /mnt/batches --check-storage',
      ],
    ),
  },
})
