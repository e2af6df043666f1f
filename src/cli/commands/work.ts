import { resolve } from 'node:path'
import type { WorkOptions } from '../../bullmq/index.js'
import type { ReportEvent } from '../../engine/events.js'
import { reconciliationError } from '../../errors.js'
import { openWorkspace } from '../../workspace/open-workspace.js'
import { command } from '../command.js'
import { connect } from '../connect.js'
import type { CommandLineContext } from '../context.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { loadBullMq } from '../load-bullmq.js'
import { tryStorage } from '../try-storage.js'
import { serverOf } from '../sending-flags.js'
import { withWorkerSignals } from '../with-signals.js'
import { processorOf, reconcileOptions } from '../reconcile-options.js'
import { workReportText, workTeller } from '../render/work-text.js'
import type { WorkFlags } from '../work-route.js'

/** `work <workspace>`: one of several workers, until it is stopped. */
export const work = command(async (context, flags: WorkFlags, root: string): Promise<ExitCode> => {
  if (flags.checkStorage === true) return tryStorage(context, flags, root)
  if (flags.twoHosts === true) throw needsCheckStorage()
  const redisUrl = redisUrlOf(context, flags)
  const server = await serverOf(context, await connect(context, flags), flags)
  const workspace = await openWorkspace(resolve(context.currentDirectory, root))
  const loaded = await processorOf(context, flags)
  const { workWorkspace } = await loadBullMq()
  const { stderr } = context.process
  const options: Omit<WorkOptions, 'redisUrl'> = {
    ...reconcileOptions(context, flags, loaded),
    ...server,
    shouldSubmit: flags.submit,
    pollDelayMs: inMs(flags.pollSeconds),
    leaseMs: inMs(flags.leaseSeconds),
    maxOpenBatches: flags.maxOpenBatches,
    maxOpenRequests: flags.maxOpenRequests,
    maxCreationsPerMinute: flags.maxCreationsPerMinute,
    shouldEnd: flags.untilSettled,
  }
  const tell = workTeller(context, flags)
  const report = await withWorkerSignals(context, flags, workspace, (signals, telemetry) => {
    const onEvent: ReportEvent = (event) => {
      telemetry?.(event)
      tell(event)
    }
    return workWorkspace(workspace, { ...options, redisUrl, onEvent, signals: signals ?? undefined })
  })
  stderr.write(workReportText(report, workspace.root))
  return (report.needSomebody ?? 0) === 0 ? exitCodes.success : exitCodes.failed
})

const needsCheckStorage = (): Error =>
  reconciliationError({
    code: 'WrongUsage',
    message: '--two-hosts belongs to --check-storage.',
    hint: 'Give both to check the storage between two hosts, or none to work.',
  })

const inMs = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1_000

function redisUrlOf({ process: { env } }: CommandLineContext, { redis }: WorkFlags): string {
  const url = redis ?? env['REDIS_URL'] ?? ''
  const isUrl = URL.canParse(url) && ['redis:', 'rediss:'].includes(new URL(url).protocol)
  if (isUrl) return url
  throw reconciliationError({
    code: 'WrongUsage',
    message:
      url === ''
        ? 'Workers need a Redis, and none is named.'
        : 'The address of Redis is none; one such as redis://host:6379 was expected.',
    hint: 'Name it with --redis redis://host:6379, or in REDIS_URL. One process alone needs none: `watch`.',
  })
}
