import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let isThere

/** Linux has it where somebody installed it, and where processes may be traced. */
export function hasStrace() {
  isThere ??= spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
  return isThere
}

/**
 * The system calls of a program and all its threads, by name.
 *
 * @returns {Map<string, number>}
 */
export function countSystemCalls(program, args) {
  const text = traced(['-c'], program, args)
  const counts = new Map()
  for (const line of text.split('\n')) {
    const found = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/.exec(line)
    if (found !== null && found[2] !== 'total') counts.set(found[2], Number(found[1]))
  }
  return counts
}

/** How often a program opens a directory: once for each listing. */
export function countListings(program, args, directory) {
  const text = traced(['-e', 'trace=openat,open', '-s', '4096'], program, args)
  const opened = text
    .split('\n')
    .filter((line) => line.includes('O_DIRECTORY') && line.includes(`"${directory}"`))
  return opened.length
}

function traced(flags, program, args) {
  const path = join(tmpdir(), `bench-strace-${process.pid}.txt`)
  try {
    const { error } = spawnSync('strace', ['-f', ...flags, '-o', path, program, ...args], { stdio: 'ignore' })
    if (error !== undefined) throw error
    return readFileSync(path, 'utf8')
  } finally {
    rmSync(path, { force: true })
  }
}
