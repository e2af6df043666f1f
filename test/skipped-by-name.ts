import type { Reporter, TestModule } from 'vitest/node'

/** Says at the end which tests were left out, by name: a test that is skipped in silence looks like one that passed. */
// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter by its default export.
export default class SkippedByName implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const names = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => test.fullName),
    )
    for (const name of names) process.stdout.write(`skipped: ${name}\n`)
  }
}
