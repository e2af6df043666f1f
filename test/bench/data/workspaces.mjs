import { copyFileSync, linkSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'

const folders = ['workdir', 'done', 'target', 'logs', 'failed-items', 'failed-json-repairs']

/** The folders of a workspace, with nothing in them. */
export function openEmptyWorkspace(root) {
  for (const name of folders) mkdirSync(join(root, name), { recursive: true })
  return root
}

/** A workspace whose `workdir/` has the files of a triple under names of its own, so that they may be moved. */
export function workspaceWith(root, paths) {
  openEmptyWorkspace(root)
  for (const path of Object.values(paths)) giveName(path, join(root, 'workdir', basename(path)))
  return root
}

function giveName(path, name) {
  try {
    linkSync(path, name)
  } catch {
    // A disk that knows no links.
    copyFileSync(path, name)
  }
}
