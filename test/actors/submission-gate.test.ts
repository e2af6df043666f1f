import { describe, expect, test } from 'vitest'
import { submissionGate } from '../../src/actors/submission-gate.js'

const problem = { code: 'QuotaExhausted', message: 'No money.' } as const

test('the gate is open until a problem closes it, and the first problem stays', () => {
  const gate = submissionGate()
  gate.requireOpen('1')
  gate.close(problem)
  gate.close({ ...problem, message: 'Another.' })
  expect(() => gate.requireOpen('2')).toThrow('No money.')
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
