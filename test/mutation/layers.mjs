/**
 * What is mutated layer by layer, and the tests that have to notice: those that mirror the layer, which are fast. Only
 * tests that run the sources themselves: what runs the built package never sees a mutant.
 */
export const layers = {
  machines: { mutate: ['machines/**/*.ts'], tests: ['test/machines/**/*.test.ts'] },
  workspace: {
    mutate: ['src/workspace/**/*.ts'],
    tests: ['test/workspace/**/*.test.ts'],
  },
  accounting: {
    mutate: ['src/accounting/**/*.ts'],
    tests: ['test/accounting/**/*.test.ts'],
  },
  providers: {
    mutate: ['src/providers/**/*.ts'],
    tests: ['test/providers/**/*.test.ts'],
  },
  actors: {
    mutate: ['src/actors/**/*.ts'],
    tests: ['test/actors/**/*.test.ts'],
  },
  engine: {
    mutate: ['src/engine/**/*.ts'],
    tests: ['test/engine/**/*.test.ts', 'test/server/{money,submit,retry}.test.ts'],
  },
}
