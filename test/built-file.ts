import { existsSync } from 'node:fs'

/** The address of a module of the build, for a program that a test starts; `path` below `src/`. */
export function builtFile(path: string): string {
  const url = new URL(`../dist/src/${path}`, import.meta.url)
  if (!existsSync(url)) throw new Error('`npm run build` comes first.')
  return url.href
}
