import type * as OpenTelemetry from '@opentelemetry/api'
import type { Clock } from '../../clock.js'
import { followSignal } from '../follow-signal.js'
import { sleep } from '../sleep.js'

const longestFlushMs = 5_000

/**
 * Has the registered SDK send what it holds, since it may be asked for nothing more before the process ends. The API has no
 * call for that; providers of the SDKs have `forceFlush`. Never rejects.
 */
export async function flushProviders({ trace, metrics }: typeof OpenTelemetry, clock: Clock): Promise<void> {
  const over = followSignal(undefined)
  const tracers = trace.getTracerProvider()
  const providers: readonly unknown[] = [
    'getDelegate' in tracers && typeof tracers.getDelegate === 'function' ? tracers.getDelegate() : tracers,
    metrics.getMeterProvider(),
  ]
  // Where they are sent to may be away; what could not be sent is the SDK's to tell.
  void Promise.allSettled(providers.map(flush)).then(() => over.abort())
  await sleep(clock, longestFlushMs, over.signal)
}

async function flush(provider: unknown): Promise<void> {
  if (canFlush(provider)) await provider.forceFlush()
}

function canFlush(provider: unknown): provider is { forceFlush(): Promise<void> } {
  return typeof provider === 'object' && provider !== null && 'forceFlush' in provider
}
