import { writeFileDurably } from '../../workspace/durable-write.js'
import { nodeFileSystem } from '../../workspace/node-file-system.js'
import { systemErrorCode } from '../../workspace/system-error-code.js'
import type { Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'

export interface MetricsFileOptions {
  /** Absolute, and ends in `.prom`. */
  readonly path: string
  readonly clock: Clock
  /** The whole content, as it is now. */
  readonly text: () => string
  readonly warn: (text: string) => void
}

/** A file that follows numbers. */
export interface MetricsFile {
  /** Something changed. Never throws, and writes later. */
  touch(): void
  /** Writes once more, and no more after that. */
  close(): Promise<void>
}

/** Exporters look every 15 s or so; between two writes this much passes. */
const leastBetweenMs = 10_000
/** At its start a run has no numbers yet. */
const firstAfterMs = 1_000

/**
 * Follows numbers in a file that is replaced as a whole, so that nobody reads half of it; its temporary name does not end in
 * `.prom`, which is what the collector looks for. A disk that is full, or a folder that is gone, is said once.
 */
export function metricsFile({ path, clock, text, warn }: MetricsFileOptions): MetricsFile {
  let timer: unknown = null
  let work: Promise<void> = Promise.resolve()
  let writtenAtMs: number | null = null
  let isFaultTold = false
  let isTouched = false

  const writeNow = async (): Promise<void> => {
    try {
      await writeFileDurably(nodeFileSystem, path, text())
    } catch (error) {
      if (!isFaultTold)
        warn(`The metrics cannot be written to ${path} (${systemErrorCode(error) ?? 'fault'}).`)
      isFaultTold = true
    }
  }
  const write = (): void => {
    timer = null
    writtenAtMs = clock.now()
    work = work.then(writeNow)
  }
  return {
    touch() {
      isTouched = true
      if (timer !== null) return
      // Of a clock that was set back nobody waits for longer than that.
      const passedMs = writtenAtMs === null ? 0 : Math.max(0, clock.now() - writtenAtMs)
      const delayMs = writtenAtMs === null ? firstAfterMs : leastBetweenMs
      timer = clock.setTimeout(write, Math.max(0, delayMs - passedMs))
    },
    async close() {
      if (timer !== null) clock.clearTimeout(timer)
      // A run that never began leaves the file to the one that has the workspace.
      if (isTouched) write()
      await work
    },
  }
}

/** @throws WrongUsage */
export function requireMetricsName(path: string | undefined): void {
  if (path === undefined || path.endsWith('.prom')) return
  throw reconciliationError({
    code: 'WrongUsage',
    message: `The metrics file is ${path}; a name that ends in .prom was expected, as the textfile collector reads no other.`,
    hint: 'Name it, for example, batches.prom in the folder of --collector.textfile.directory.',
  })
}
