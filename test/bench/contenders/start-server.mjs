import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startProgram } from '../measure/run-child.mjs'
import { scriptPath } from './commands.mjs'

/**
 * Starts the server of the bench.
 *
 * @param {string[]} args as api-server.mjs takes them
 */
export async function startServer(args) {
  const child = startProgram(process.execPath, [scriptPath('api-server.mjs'), ...args])
  const [origin] = await once(createInterface({ input: child.stdout }), 'line')
  return {
    origin,
    async close() {
      child.kill()
      await once(child, 'close')
    },
  }
}
