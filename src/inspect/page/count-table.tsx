import type { AccountingCounts, RowCounts } from '../../../machines/index.js'
import { countText } from '../../units.js'

interface CountTableProps {
  readonly title: string
  /** `null` when not counted. */
  readonly counts: AccountingCounts | RowCounts | null
}

export function CountTable({ title, counts }: CountTableProps) {
  if (counts === null) return null
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <dl class="counts">
        {Object.entries(counts).map(([name, count]) => (
          <div key={name}>
            <dt>{name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}</dt>
            <dd>{countText(Number(count))}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
