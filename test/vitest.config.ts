import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // On a machine with other work a second, as Vitest has it, is soon over.
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
    reporters: ['default', fileURLToPath(new URL('skipped-by-name.ts', import.meta.url))],
  },
})
