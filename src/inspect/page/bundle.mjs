import { copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/** Makes `dist/src/inspect/page/page.{js,css}`: one script and one style sheet, nothing loaded from elsewhere. */
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const there = (name) => fileURLToPath(new URL(`../../../dist/src/inspect/page/${name}`, import.meta.url))

const bundle = await rolldown({
  input: here('main.tsx'),
  platform: 'browser',
  tsconfig: here('tsconfig.json'),
})
await bundle.write({ file: there('page.js'), format: 'iife', minify: true })
await bundle.close()
await copyFile(here('page.css'), there('page.css'))
