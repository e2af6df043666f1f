import { posix } from 'node:path'
import { importsOf } from './source-facts.js'

/**
 * The layers from the ground up. A file may import its own layer and the ones before it, never one after it;
 * layers that share a line know nothing of each other.
 */
const layers: readonly (readonly string[])[] = [
  ['machines'],
  ['src/errors.ts', 'src/clock.ts', 'src/on-first-use.ts', 'src/units.ts'],
  ['src/load-package.ts'],
  ['src/workspace'],
  ['src/accounting'],
  ['src/providers'],
  ['src/actors'],
  ['src/engine'],
  ['src/index.ts'],
  ['src/testing', 'src/inspect', 'src/bullmq'],
  ['src/cli'],
]

/** The imports of one file that go the wrong way, as sentences. `path` is relative to the repository. */
export function wrongImports(path: string, text: string): readonly string[] {
  const own = layerOf(path)
  if (own === null) return [`${path} belongs to no layer`]
  return importsOf(text).flatMap((name) => {
    if (!name.startsWith('.')) return []
    const imported = layerOf(posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts'))
    const isAllowed = imported !== null && (imported === own || rankOf(imported) < rankOf(own))
    return isAllowed ? [] : [`${path} imports ${name}`]
  })
}

/** The packages a file imports, without the paths inside them; built-in modules keep their `node:`. */
export function packagesOf(text: string): readonly string[] {
  const names = importsOf(text).filter((name) => !name.startsWith('.'))
  return names.map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
}

function layerOf(path: string): string | null {
  return layers.flat().find((layer) => path === layer || path.startsWith(`${layer}/`)) ?? null
}

const rankOf = (layer: string): number => layers.findIndex((line) => line.includes(layer))
