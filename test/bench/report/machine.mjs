import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'

/** Where the figures come from, for the report. */
export function describeMachine(node) {
  const [cpu] = cpus()
  return {
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    system: `${process.platform} ${release()} ${process.arch}`,
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    at: new Date().toISOString(),
  }
}
