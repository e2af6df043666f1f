import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tripleMachine } from '../../../machines/index.js'
import {
  countElementId,
  edgeElementId,
  edgeNameElementId,
  stateElementId,
} from '../../../src/inspect/chart/element-ids.js'
import {
  chartEdges,
  chartStates,
  passingStates,
  statechartSvg,
} from '../../../src/inspect/chart/statechart-svg.js'
import { pathOf, statesOf } from '../../docs/machine-diagram.js'
import { drawStatechart, statechartModule } from './draw-statechart.js'

const path = new URL('../../../src/inspect/chart/statechart-svg.ts', import.meta.url)

describe('the drawn statechart', () => {
  test('is the one that the triple machine gives; UPDATE_CHART=1 draws it anew', () => {
    const drawn = drawStatechart(tripleMachine)
    if (process.env['UPDATE_CHART'] === '1') writeFileSync(path, statechartModule(drawn))
    expect(readFileSync(path, 'utf8') === statechartModule(drawn)).toBe(true)
  })

  test('has an element and a place for a number for each state of the machine, and for no other', () => {
    const states = statesOf(tripleMachine).map(pathOf)
    expect([...chartStates].toSorted()).toEqual([...states].toSorted())
    expect(idsIn(/<g id="(state-[^"]+)"/g)).toEqual(states.map(stateElementId).toSorted())
    expect(idsIn(/<text id="(count-[^"]+)"/g)).toEqual(states.map(countElementId).toSorted())
  })

  test('has an element for each edge, between states that are there', () => {
    expect(idsIn(/<g id="(edge-[^"]+)"/g)).toEqual(
      chartEdges.map(({ from, to }) => edgeElementId(from, to)).toSorted(),
    )
    expect(idsIn(/<text id="(name-[^"]+)"/g)).toEqual(
      chartEdges.map(({ from, to }) => edgeNameElementId(from, to)).toSorted(),
    )
    for (const { from, to } of chartEdges) expect(chartStates).toEqual(expect.arrayContaining([from, to]))
  })

  test('knows the states of the card and those that are left at once', () => {
    for (const state of [
      'missing-input',
      'awaiting-online-files',
      'checking-ids',
      'moving-to-done',
      'failed',
    ]) {
      expect(chartStates).toContain(state)
    }
    expect(passingStates).toContain('deciding.choosing')
    expect(passingStates).not.toContain('failed')
  })

  test('is nothing but shapes and text', () => {
    const elements = new Set([...statechartSvg.matchAll(/<(\w+)/g)].map(([, name]) => name))
    expect([...elements].toSorted()).toEqual(['g', 'path', 'polygon', 'rect', 'svg', 'text'])
    expect(statechartSvg).not.toMatch(/href|style=|url\(|on\w+=|<script/i)
  })
})

const idsIn = (pattern: RegExp): string[] =>
  [...statechartSvg.matchAll(pattern)].map(([, id]) => id ?? '').toSorted()
