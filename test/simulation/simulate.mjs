/**
 * Runs the simulation for longer than the tests do, or one story of it again:
 *
 *     npm run simulate -- --seeds 1000 --minutes 10      stories 1 to 1000 of each scenario, after every single crash
 *     npm run simulate -- --seed 17 --scenario submit    story 17 of one scenario, with its last operations
 *
 * `main.ts` has all flags. The sources are bundled first: Node runs no TypeScript.
 */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
// Beside the packages, so that what is not bundled is found.
const outfile = at(`../../node_modules/.simulate/main-${process.pid}.mjs`)
await build({
  entryPoints: [at('main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'error',
})
process.setSourceMapsEnabled(true)
await import(pathToFileURL(outfile).href)
