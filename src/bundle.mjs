import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { rolldown } from 'rolldown'

/**
 * Puts the public doors and the program of a built `dist/` into a few files each, in place of what the compiler wrote
 * there: Node takes about half a millisecond for every module it opens, and there are some three hundred. What the
 * source imports on demand stays in files of its own.
 */
const pathTo = (name) => fileURLToPath(new URL(name, import.meta.url))
const { values } = parseArgs({ options: { dist: { type: 'string', default: pathTo('../dist') } } })

const doors = [
  'machines/index',
  'src/index',
  'src/inspect/index',
  'src/testing/index',
  'src/bullmq/index',
  'src/cli/main',
]

const bundle = await rolldown({
  cwd: pathTo('..'),
  input: Object.fromEntries(doors.map((door) => [door, `${door}.ts`])),
  platform: 'node',
  // Packages stay what users install, so that there is one copy of each.
  external: (id) => !/^[./]/.test(id),
  tsconfig: pathTo('tsconfig.json'),
  preserveEntrySignatures: 'allow-extension',
})
await bundle.write({
  dir: values.dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  codeSplitting: {
    groups: [{ name: fileOf, debugName: 'by what it loads' }],
    includeDependenciesRecursively: false,
  },
  // Types carry the documentation; a comment is read at every start.
  comments: { jsdoc: false },
  sourcemap: true,
})
await bundle.close()
// Where the code that reads them looks: beside itself.
await cp(`${values.dist}/src/inspect/page`, `${values.dist}/chunks/page`, { recursive: true })

/** One file for what is loaded together. zod and XState take longer than all the rest, so their users stay apart. */
function fileOf(id, graph) {
  if (/[/]src[/][^/]+[.]ts$/.test(id)) return 'basics'
  if (!/[/](?:machines|src[/](?:workspace|accounting|providers|actors|engine))[/]/.test(id)) return null
  if (imports(id, 'zod', graph)) return 'schemas'
  if (imports(id, 'xstate', graph)) return 'state-machines'
  const isForStatus = id.includes('/machines/') || imports(pathTo('cli/commands/status.ts'), id, graph)
  return isForStatus ? 'standing' : 'library'
}

/** True when the module loads the package with itself. Doors only pass on; what nobody wants of them is left out. */
function imports(id, name, graph, seen = new Set()) {
  if (id === name) return true
  if (id.endsWith('/index.ts') || seen.has(id)) return false
  seen.add(id)
  return (graph.getModuleInfo(id)?.importedIds ?? []).some((one) => imports(one, name, graph, seen))
}
