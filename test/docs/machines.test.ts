import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { schedulerMachine, tripleMachine } from '../../machines/index.js'
import { pathOf, statesOf } from './machine-diagram.js'
import { machineDocument } from './machine-document.js'
import * as words from './machine-words.js'
import { readDocument, repositoryRoot } from './markdown.js'

if (process.env['UPDATE_DOCS'] === '1') {
  writeFileSync(join(repositoryRoot, 'docs', 'machines.md'), machineDocument())
}

describe('docs/machines.md', () => {
  test('is what the machines of today say; run this file with UPDATE_DOCS=1 to write it anew', () => {
    expect(readDocument('machines.md')).toBe(machineDocument())
  })

  test.each([
    ['triple', statesOf(tripleMachine)],
    ['scheduler', statesOf(schedulerMachine)],
  ])('explains every state of the %s machine, each in words of its own', (_, states) => {
    const silent = states.filter(({ description = '' }) => !/^[A-Z].{9,}[.?]$/.test(description))
    expect(silent.map(pathOf)).toEqual([])
    expect(new Set(states.map(({ description }) => description)).size).toBe(states.length)
  })

  test.each([
    ['triple', tripleMachine.events, words.tripleEvents],
    ['scheduler', schedulerMachine.events, words.schedulerEvents],
  ])('explains every event of the %s machine, and none that is gone', (_, events, meanings) => {
    const own = (events as readonly string[]).filter((type) => !type.startsWith('xstate.') && type !== '')
    expect(Object.keys(meanings).toSorted()).toEqual(own.toSorted())
  })

  test('explains every actor and every delay, and none that is gone', () => {
    const { actors, delays } = tripleMachine.implementations
    expect(Object.keys(words.tripleActors).toSorted()).toEqual(Object.keys(actors).toSorted())
    expect(Object.keys(words.delays)).toEqual(Object.keys(delays ?? {}))
  })

  test('leaves no piece of code or gap in its text', () => {
    expect(machineDocument()).not.toMatch(/=>|\$\{|undefined|null|\| +\|$/m)
  })

  test('draws no name that Mermaid would take apart', () => {
    const drawn = machineDocument().match(/^ {4}(?!state )(?!UPDATE).*$/gm) ?? []
    expect(drawn.length).toBeGreaterThan(50)
    expect(
      drawn.filter((line) => !/^ {4}(\[\*\]|\w+) --> (\[\*\]|\w+)( : [\w. [\]-]+)?$/.test(line)),
    ).toEqual([])
  })
})
