/**
 * The statechart as the page needs it: one box for each state, in the order of the machine, without edges. Everything
 * the page knows of a chart comes from here: a drawing with other elements only has to keep these five names.
 */
export const chartStates: readonly string[] = [
  ...group('deciding', 'surveying backing-off choosing'),
  'missing-input',
  ...group('submitting', 'deciding-leave waiting-for-leave sending waiting-for-room backing-off'),
  ...group(
    'awaiting-online-files',
    'checking checking-backing-off looking-again-later waiting downloading downloading-backing-off',
  ),
  ...group('checking-ids', 'checking backing-off accounted'),
  ...group('processing-errors', 'logging logging-backing-off logged retrying retrying-backing-off'),
  ...group('processing-outputs', 'processing backing-off processed'),
  ...group('moving-to-done', 'recording recording-backing-off moving moving-backing-off'),
  'failed',
  'done',
]

export const stateElementId = (path: string): string => `state-${path}`
export const countElementId = (path: string): string => `count-${path}`
export const edgeElementId = (from: string, to: string): string => `edge-${from}-to-${to}`

const boxWidth = 226
const boxHeight = 30
const columns = 4

export const statechartSvg: string = drawing()

function group(name: string, leaves: string): string[] {
  return [name, ...leaves.split(' ').map((leaf) => `${name}.${leaf}`)]
}

/** Each top state begins a block; the blocks fill the shortest column. */
function drawing(): string {
  const bottoms = Array.from({ length: columns }, () => 8)
  const blocks = chartStates.filter((path) => !path.includes('.'))
  const drawn = blocks.map((block) => {
    const paths = chartStates.filter((path) => path === block || path.startsWith(`${block}.`))
    const column = bottoms.indexOf(Math.min(...bottoms))
    const top = bottoms[column] ?? 0
    bottoms[column] = top + paths.length * boxHeight + 12
    return paths.map((path, at) => box(path, column * (boxWidth + 12) + 8, top + at * boxHeight)).join('')
  })
  const width = columns * (boxWidth + 12) + 4
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.max(...bottoms)}" font-size="13">${drawn.join('')}</svg>`
}

function box(path: string, x: number, y: number): string {
  const indent = path.includes('.') ? 14 : 0
  const kind = chartStates.some((other) => other.startsWith(`${path}.`)) ? 'state-group' : 'state'
  const name = path.slice(path.indexOf('.') + 1)
  return (
    `<g id="${stateElementId(path)}" class="${kind}">` +
    `<rect x="${x + indent}" y="${y}" width="${boxWidth - indent}" height="${boxHeight - 4}" rx="5"/>` +
    `<text x="${x + indent + 8}" y="${y + 18}">${name}</text>` +
    `<text id="${countElementId(path)}" class="count" x="${x + boxWidth - 8}" y="${y + 18}" text-anchor="end"></text></g>`
  )
}
