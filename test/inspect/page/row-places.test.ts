import { describe, expect, test } from 'vitest'
import { rowPlaces } from '../../../src/inspect/page/row-places.js'

describe('places of rows', () => {
  const places = rowPlaces([
    { count: 2, pixels: 72 },
    { count: 0, pixels: 52 },
    { count: 3, pixels: 32 },
  ])

  test('follow each other without gaps, each as high as its group', () => {
    expect(places).toMatchObject({ count: 5, pixels: 240 })
    expect([0, 1, 2, 3, 4].map(places.topOf)).toEqual([0, 72, 144, 176, 208])
    expect([0, 1, 2, 3, 4].map(places.heightOf)).toEqual([72, 72, 32, 32, 32])
  })

  test('give the row at each pixel, the first above them and the last below', () => {
    for (let row = 0; row < places.count; row += 1) {
      expect(places.rowAt(places.topOf(row))).toBe(row)
      expect(places.rowAt(places.topOf(row + 1) - 1)).toBe(row)
    }
    expect([places.rowAt(-5), places.rowAt(240), places.rowAt(10_000)]).toEqual([0, 4, 4])
    expect(rowPlaces([]).rowAt(7)).toBe(0)
  })
})
