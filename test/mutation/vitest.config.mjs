import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { layers } from './layers.mjs'

const layer = layers[process.env['MUTATED_LAYER']]

/** One worker: the mutants run beside each other. Tests of memory measure the machine, which is busy here. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: layer.tests,
    exclude: ['test/**/memory.test.ts'],
    testTimeout: 60_000,
    maxWorkers: 1,
  },
})
