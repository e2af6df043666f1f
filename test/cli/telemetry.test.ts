import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { builtFile } from '../built-file.js'
import { processorModule, recipes, temporaryFolder, workspaceWith } from './command-line.js'
import { withoutPackage } from './without-package.js'

const program = fileURLToPath(builtFile('cli/main.js'))

/** What people load with `--import` to start an SDK; this one writes what it exports into a file. */
const sdkModule = (path: string): string => `
  import { appendFileSync } from 'node:fs'
  import { trace } from ${JSON.stringify(import.meta.resolve('@opentelemetry/api'))}
  import { BasicTracerProvider, BatchSpanProcessor } from ${JSON.stringify(import.meta.resolve('@opentelemetry/sdk-trace-base'))}
  const exporter = {
    export(spans, done) {
      appendFileSync(${JSON.stringify(path)}, spans.map(({ name }) => name + '\\n').join(''))
      done({ code: 0 })
    },
    shutdown: async () => {},
  }
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }))
`

describe('--telemetry', () => {
  test('tells the SDK that the process was started with, all of it before the end', async () => {
    const path = join(await temporaryFolder(), 'spans.txt')
    const sdk = await processorModule(sdkModule(path), 'sdk.mjs')
    const root = await workspaceWith(recipes.whole, recipes.withoutInput)
    const prelude = ['--import', pathToFileURL(sdk).href]
    await promisify(execFile)(process.execPath, [...prelude, program, 'run', root, '--telemetry']).catch(
      ({ code }: { code: unknown }) => expect(code).toBe(1),
    )
    const names = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(names.filter((name) => name === 'triple')).toHaveLength(2)
    expect(names).toContain('moving-to-done')
  })

  test('says how to install the package where it is missing, and changes nothing else', async () => {
    const root = await workspaceWith(recipes.whole)
    const prelude = withoutPackage('@opentelemetry/api')
    const run = [...prelude, program, 'run', root, '--telemetry']
    const { stderr } = await promisify(execFile)(process.execPath, run)
    expect(stderr).toContain('npm install @opentelemetry/api')
  })
})
