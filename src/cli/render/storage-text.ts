import { hostname } from 'node:os'
import { countOf } from '../../units.js'
import type { NamedFinding } from '../../workspace/storage-check/check-storage.js'
import type { Style } from './style.js'
import { tableText, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'

/** What became of each promise of the storage, one line each. */
export function findingsTable(findings: readonly NamedFinding[], options: TableOptions): string {
  const { style } = options
  return tableText(
    [
      { title: 'promise', text: ({ promise }) => promise },
      {
        title: 'kept',
        text: ({ isKept }) => (isKept ? 'yes' : 'no'),
        paint: ({ isKept }, cell) => (isKept ? style.good(cell) : style.bad(cell)),
      },
      { title: 'what was seen', text: ({ told }) => terminalText(told) },
    ],
    findings,
    options,
  )
}

/** Whether workers may share it, and what was tried. */
export function findingsSummary(findings: readonly NamedFinding[], otherHost: string, style: Style): string {
  const broken = findings.filter(({ isKept }) => !isKept)
  const where =
    otherHost === hostname() ? 'from two processes of this host' : `from here and ${terminalText(otherHost)}`
  const verdict =
    broken.length === 0
      ? `Tried ${where}: this storage keeps what workers rely on.`
      : `${style.bad('✗')} Tried ${where}: ${countOf(broken.length, 'promise')} not kept. Several workers must not share this storage (docs/workers.md).`
  const elsewhere =
    otherHost === hostname()
      ? ['For workers on several hosts: run it with --two-hosts on two of them at the same time.']
      : []
  return [verdict, ...elsewhere].map((line) => `${line}\n`).join('')
}

/** In the fields of `--json`. */
export const findingJson = ({ promise, isKept, told }: NamedFinding): object => ({
  promise,
  is_kept: isKept,
  told,
})
