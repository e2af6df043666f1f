// Compiles the line scanner and writes it into `../scanner-module.ts`, or with `--stdout` to the standard output.
import { writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createMemoryStream, main } from 'assemblyscript/asc'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const lineCharacters = 100

const lines = Buffer.from(await compile())
  .toString('base64')
  .match(new RegExp(`.{1,${lineCharacters}}`, 'g'))
const text = `// Written by \`npm run build:scanner\` from the files in \`assembly/\`; not to be edited by hand.

/** The line scanner as a WebAssembly module, in Base64. */
export const scannerModule =
${lines.map((line) => `  '${line}'`).join(' +\n')}
`
if (process.argv.includes('--stdout')) process.stdout.write(text)
else await writeFile(path('../scanner-module.ts'), text)

async function compile() {
  let binary = null
  const stderr = createMemoryStream()
  const { error } = await main(
    [
      relative(process.cwd(), path('scanner.ts')),
      '--outFile',
      'scanner.wasm',
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--enable',
      'bulk-memory',
      '--initialMemory',
      '32',
    ],
    { stderr, writeFile: (name, content) => void (name.endsWith('.wasm') && (binary = content)) },
  )
  if (error !== null) throw new Error(stderr.toString(), { cause: error })
  return binary
}
