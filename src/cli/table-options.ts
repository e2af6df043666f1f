import type { CommandLineContext } from './context.js'
import { styleFor } from './render/style.js'
import type { TableOptions } from './render/table.js'

/** How tables look on this stdout: fitted to a terminal, whole in a pipe. */
export function tableOptions({ process: { stdout, env } }: CommandLineContext): TableOptions {
  return { style: styleFor(stdout, env), width: stdout.isTTY === true ? (stdout.columns ?? 80) : null }
}
