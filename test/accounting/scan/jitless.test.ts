import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { jsonl, request, success, temporaryDirectory } from '../triple-files.js'

const library = new URL('../../../dist/src/index.js', import.meta.url).href

/** Reconciles a workspace in a process of its own, and says whether there is WebAssembly. */
const program = `
const { openWorkspace, reconcileWorkspace } = await import(process.argv[1])
await reconcileWorkspace(await openWorkspace(process.argv[2]), { expectedContentType: 'text' })
console.log(JSON.stringify({ hasWasm: typeof WebAssembly === 'object' }))
`

async function resultsWith(
  flags: readonly string[],
): Promise<{ readonly hasWasm: boolean; readonly results: string }> {
  const directory = await temporaryDirectory()
  const write = async (name: string, text: string): Promise<void> => {
    await nodeFileSystem.makeDirectory(join(directory, 'workdir'))
    const file = await nodeFileSystem.open(join(directory, 'workdir', name), 'create')
    await file.write(Buffer.from(text))
    await file.close()
  }
  const ids = Array.from({ length: 700 }, (_, number) => `r${number}`)
  await write('batch_input_7.jsonl', jsonl(...ids.map((id) => request(id))))
  await write('batch_output_7.jsonl', jsonl(...ids.map((id) => success(id, `yes é ${id}\n"\\`))))
  await write('batch_error_7.jsonl', '')
  const output = execFileSync(process.execPath, [
    ...flags,
    '--input-type=module',
    '-e',
    program,
    library,
    directory,
  ])
  const results = await readFile(join(directory, 'target', 'batch_results_7.jsonl'), 'utf8')
  return { hasWasm: (JSON.parse(output.toString()) as { hasWasm: boolean }).hasWasm, results }
}

test('without WebAssembly the library reads the same', async () => {
  const [usual, jitless] = [await resultsWith([]), await resultsWith(['--jitless'])]
  expect([usual.hasWasm, jitless.hasWasm]).toEqual([true, false])
  expect(jitless.results).toBe(usual.results)
  expect(usual.results.split('\n')).toHaveLength(701)
})
