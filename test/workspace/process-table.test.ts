import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import {
  isGone,
  isInSight,
  systemProcessTable,
  type ProcessTable,
} from '../../src/workspace/process-table.js'

const table: ProcessTable = {
  host: 'host',
  pid: 1,
  isAlive: (pid) => pid === 7,
  startOf: (pid) => (pid === 7 ? 'morning' : null),
  namespace: 'pid:[1]',
}
const identity = { host: 'host', pid: 7, process_start: 'morning', process_namespace: 'pid:[1]' }

describe('what is known of a process that left a record', () => {
  test.each([
    ['one that runs', identity, false],
    ['one that ended', { ...identity, pid: 8 }, true],
    ['one whose number another process has by now', { ...identity, process_start: 'night' }, true],
    ['one of another host', { ...identity, pid: 8, host: 'elsewhere' }, false],
    ['one of another table of processes', { ...identity, pid: 8, process_namespace: 'pid:[2]' }, false],
    ['one that does not know its table', { ...identity, pid: 8, process_namespace: null }, true],
  ])('%s: is it gone?', (_, each, isKnownGone) => {
    expect(isGone(each, table)).toBe(isKnownGone)
  })

  test('where the system names no table the name of the host counts alone', () => {
    const nameless = { ...table, namespace: null }
    expect(isGone({ ...identity, pid: 8, process_namespace: 'pid:[2]' }, nameless)).toBe(true)
    expect(isInSight({ ...identity, process_namespace: 'pid:[2]' }, nameless)).toBe(true)
  })

  test('this machine tells who we are', () => {
    const { pid, host, namespace } = systemProcessTable
    expect([host, pid]).toEqual([hostname(), process.pid])
    expect(systemProcessTable.isAlive(pid)).toBe(true)
    if (process.platform === 'linux') expect(namespace).toMatch(/^[\da-f-]* pid:\[\d+\]$/)
  })
})
