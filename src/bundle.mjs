import { readFile } from 'node:fs/promises'
import { builtinModules, isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { rolldown } from 'rolldown'
import { esmExternalRequirePlugin } from 'rolldown/plugins'

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

const optionalOfWs = ['bufferutil', 'utf-8-validate']

/** Packages whose code stands in our own files; nobody has to install them. */
const takenAlong = JSON.parse(await readFile(pathTo('taken-along.json'), 'utf8'))
/** Each stands on top of the file that its package is in. */
const licences = Object.fromEntries(
  await Promise.all(
    takenAlong.map(async (name) => [name, await readFile(pathTo(`../node_modules/${name}/LICENSE`), 'utf8')]),
  ),
)

const bundle = await rolldown({
  cwd: pathTo('..'),
  input: Object.fromEntries(doors.map((door) => [door, `${door}.ts`])),
  platform: 'node',
  // Packages stay what users install, so that there is one copy of each. Of zod a start would read a hundred files, fifty of
  // them languages; nothing that leaves this package is made by it, so what it needs of zod comes with it. ws is CommonJS,
  // and asks for Node's modules in a way that bundlers of users cannot follow into an ES module.
  external: isOutside,
  plugins: [
    esmExternalRequirePlugin({ external: builtinModules }),
    { name: 'what is not there', resolveId: absent, load: replaced },
  ],
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
  banner: ({ moduleIds }) =>
    takenAlong
      .filter((name) => moduleIds.some((id) => isOf(name, id)))
      .map((name) => `/*!\n${name}: ${licences[name]}*/`)
      .join('\n'),
  sourcemap: true,
})
await bundle.close()

function pageText(name) {
  return readFile(`${values.dist}/src/inspect/page/${name}`, 'utf8')
}

/** Packages but for those that come along. Node's own modules are left to the plugin and the platform. */
function isOutside(id) {
  return !/^(?:[./\0]|builtin:)/.test(id) && ![...takenAlong, ...optionalOfWs].includes(id) && !isBuiltin(id)
}

/** Faster parts in C++ that ws takes when somebody has installed them. */
function absent(id) {
  return optionalOfWs.includes(id) ? `\0${id}` : null
}

/** The texts of the page in place of the code that reads them; what is absent fails as it would outside of a bundle. */
async function replaced(id) {
  if (id.startsWith('\0')) return `module.exports = {}\nthrow new Error('${id.slice(1)} does not come along')`
  if (id !== pathTo('inspect/page-assets.ts')) return null
  const assets = { script: await pageText('page.js'), style: await pageText('page.css') }
  return `export const builtPageAssets = () => Promise.resolve(${JSON.stringify(assets)})`
}

/** One file for what is loaded together. zod and XState take longer than all the rest, so their users stay apart. */
function fileOf(id, graph) {
  if (isOf('zod', id)) return 'schemas'
  if (/[/]src[/][^/]+[.]ts$/.test(id)) return 'basics'
  const isForStatus = imports(pathTo('cli/commands/status.ts'), id, graph)
  const isForHelp = imports(pathTo('cli/main.ts'), id, graph)
  if (isForStatus && !isForHelp && id.includes('/src/cli/render/')) return 'words'
  if (!/[/](?:machines|src[/](?:workspace|accounting|providers|actors|engine))[/]/.test(id)) return null
  if (imports(id, 'zod', graph)) return 'schemas'
  if (imports(id, 'xstate', graph)) return 'state-machines'
  return isForStatus || id.includes('/machines/') ? 'standing' : 'library'
}

/** True when the module loads the package with itself. Doors only pass on; what nobody wants of them is left out. */
function imports(id, name, graph, seen = new Set()) {
  if (isOf(name, id)) return true
  if (id.endsWith('/index.ts') || seen.has(id)) return false
  seen.add(id)
  return (graph.getModuleInfo(id)?.importedIds ?? []).some((one) => imports(one, name, graph, seen))
}

/** True for a package that stays outside, by its name, and for a file of one that comes along. */
function isOf(name, id) {
  return id === name || id.includes(`/node_modules/${name}/`)
}
