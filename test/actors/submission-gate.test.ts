import { describe, expect, test } from 'vitest'
import { submissionGate } from '../../src/actors/submission-gate.js'
import { systemClock } from '../../src/clock.js'

const problem = { code: 'QuotaExhausted', message: 'No money.' } as const

describe('the gate', () => {
  test('is open until a problem closes it, for inputs of that size and more', () => {
    const gate = submissionGate()
    gate.requireOpen('1', 1_000)
    gate.close(problem, 500)
    expect(() => gate.requireOpen('2', 500)).toThrow('No money.')
    expect(() => gate.requireOpen('2', 1_000)).toThrow('No money.')
    gate.requireOpen('2', 499)
  })

  test('stays closed for the smallest size that was refused', () => {
    const gate = submissionGate()
    gate.close(problem, 500)
    gate.close({ ...problem, message: 'Larger.' }, 900)
    expect(() => gate.requireOpen('2', 600)).toThrow('No money.')
    gate.close({ ...problem, message: 'Smaller.' }, 100)
    expect(() => gate.requireOpen('2', 100)).toThrow('Smaller.')
    gate.requireOpen('2', 99)
  })

  test('that may open again lets one through after a while, and all once that one was made', () => {
    let passedMs = 0
    const gate = submissionGate({ clock: { ...systemClock, monotonicMs: () => passedMs }, afterMs: 1_000 })
    gate.close(problem, 0)
    passedMs = 999
    expect(() => gate.requireOpen('1', 10)).toThrow('No money.')
    passedMs = 1_000
    gate.requireOpen('1', 10)
    expect(() => gate.requireOpen('2', 10)).toThrow('No money.')
    gate.close(problem, 0)
    passedMs = 1_999
    expect(() => gate.requireOpen('2', 10)).toThrow('No money.')
    passedMs = 2_000
    gate.requireOpen('2', 10)
    gate.noteMade(10)
    gate.requireOpen('3', 10)
  })

  test('that may not stays closed, whatever was still under way', () => {
    const gate = submissionGate()
    gate.close(problem, 0)
    gate.noteMade(10)
    expect(() => gate.requireOpen('1', 10)).toThrow('No money.')
  })

  test('opens when somebody says so, until the next one finds it as it was', () => {
    const gate = submissionGate()
    gate.close(problem, 0)
    gate.reopen()
    gate.requireOpen('1', 10)
    gate.close(problem, 0)
    expect(() => gate.requireOpen('2', 10)).toThrow('No money.')
  })

  test('knows whether a smaller batch was made', () => {
    const gate = submissionGate()
    expect(gate.hasMadeSmaller(100)).toBe(false)
    gate.noteMade(100)
    expect(gate.hasMadeSmaller(100)).toBe(false)
    expect(gate.hasMadeSmaller(101)).toBe(true)
  })
})

test('looks count from the first one until the server is asked anew, for each triple by itself', () => {
  const gate = submissionGate()
  expect(gate.lookingSinceMs('1', 100)).toBe(100)
  expect(gate.lookingSinceMs('1', 500)).toBe(100)
  expect(gate.lookingSinceMs('2', 500)).toBe(500)
  gate.forgetLooks('1')
  expect(gate.lookingSinceMs('1', 900)).toBe(900)
  expect(gate.lookingSinceMs('2', 900)).toBe(500)
})

describe('a batch', () => {
  test('belongs to the triple it was first answered to', () => {
    const gate = submissionGate()
    expect(gate.isOwn('1', 'batch_1')).toBe(true)
    expect(gate.isOwn('2', 'batch_1')).toBe(false)
    expect(gate.isOwn('1', 'batch_1')).toBe(true)
    expect(gate.isOwn('2', 'batch_2')).toBe(true)
  })

  test('is forgotten after ten thousand others, so that memory is bounded', () => {
    const gate = submissionGate()
    for (let number = 0; number < 10_000; number += 1) gate.isOwn('1', `batch_${number}`)
    expect(gate.isOwn('2', 'batch_9999')).toBe(false)
    expect(gate.isOwn('2', 'batch_new')).toBe(true)
    expect(gate.isOwn('2', 'batch_0')).toBe(true)
  })
})
