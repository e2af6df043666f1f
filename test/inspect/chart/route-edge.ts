import type { StateBox } from './lay-out-states.js'

/** A curve from box to box: the `d` of a path, the points of its head, and where its name stands. */
export interface Route {
  readonly d: string
  readonly head: string
  readonly nameX: number
  readonly nameY: number
  readonly nameAnchor: 'start' | 'end'
}

const headLength = 5
const headHalf = 2.6

/**
 * Arrows leave below the middle of a box and arrive above it, so that those there and back are two. The name stands
 * above the box where the arrow ends, on the side where it comes in.
 */
export function routeEdge(from: StateBox, to: StateBox): Route {
  const isOfOneRow = from.y === to.y && from.column === to.column
  if (isOfOneRow) return from.x < to.x ? straight(from, to, -4) : straight(from, to, 4)
  if (from.column === to.column) return arc(from, to)
  return from.column < to.column ? across(from, to, 1) : across(from, to, -1)
}

const middle = ({ y, height }: StateBox): number => y + height / 2

/** Between a step and the box beside it. */
function straight(from: StateBox, to: StateBox, shift: number): Route {
  const direction = from.x < to.x ? 1 : -1
  const y = middle(from) + shift
  const start = direction > 0 ? from.x + from.width : from.x
  const end = direction > 0 ? to.x : to.x + to.width
  return routeAlong(`M${n(start)},${n(y)}L${n(end - direction * headLength)},${n(y)}`, end, y, direction, to)
}

/** Down on the left, up on the right, the farther out the more rows lie between. */
function arc(from: StateBox, to: StateBox): Route {
  const isDown = from.y < to.y
  const direction = isDown ? 1 : -1
  const start = isDown ? from.x : from.more
  const end = isDown ? to.x : to.more
  const startY = middle(from) + 3
  const endY = middle(to) - 3
  const reach = direction * Math.min(26, 9 + Math.abs(endY - startY) / 14)
  const tip = end - direction * headLength
  const curve = `M${n(start)},${n(startY)}C${n(start - reach)},${n(startY)} ${n(end - reach)},${n(endY)} ${n(tip)},${n(endY)}`
  return routeAlong(curve, end, endY, direction, to)
}

function across(from: StateBox, to: StateBox, direction: 1 | -1): Route {
  const start = direction > 0 ? from.more : from.x
  const end = direction > 0 ? to.x : to.more
  const startY = middle(from) + 3
  const endY = middle(to) - 3
  const tip = end - direction * headLength
  const reach = direction * Math.max(26, Math.abs(end - start) / 2.4)
  const curve = `M${n(start)},${n(startY)}C${n(start + reach)},${n(startY)} ${n(tip - reach)},${n(endY)} ${n(tip)},${n(endY)}`
  return routeAlong(curve, end, endY, direction, to)
}

function routeAlong(d: string, endX: number, endY: number, direction: number, to: StateBox): Route {
  const back = endX - direction * headLength
  const isFromLeft = direction > 0
  return {
    d,
    head: `${n(endX)},${n(endY)} ${n(back)},${n(endY - headHalf)} ${n(back)},${n(endY + headHalf)}`,
    nameX: isFromLeft ? to.x : to.more,
    nameY: to.y - 3,
    nameAnchor: isFromLeft ? 'start' : 'end',
  }
}

/** One digit after the point is less than a pixel on any screen. */
const n = (value: number): string => String(Math.round(value * 10) / 10)
