import { countText } from '../../units.js'
import type { TripleSummary } from '../protocol.js'
import { noFilters, type Filters } from './filters.js'

interface FilterBarProps {
  readonly triples: readonly TripleSummary[]
  readonly filters: Filters
  readonly onChange: (filters: Filters) => void
}

/** The choices are those that occur. */
export function FilterBar({ triples, filters, onChange }: FilterBarProps) {
  const change = (part: Partial<Filters>) => onChange({ ...filters, ...part })
  const codes = triples.map(({ problem }) => problem?.code)
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filter triples"
      onSubmit={(event) => event.preventDefault()}
    >
      <label>
        Text
        <input
          type="search"
          value={filters.text}
          onInput={({ currentTarget }) => change({ text: currentTarget.value })}
        />
      </label>
      <Choice
        label="State"
        value={filters.state}
        from={triples.map(({ state }) => state)}
        onChange={(state) => change({ state })}
      />
      <Choice
        label="Error code"
        value={filters.errorCode}
        from={codes}
        onChange={(errorCode) => change({ errorCode })}
      />
      <Choice
        label="Remote status"
        value={filters.remoteStatus}
        from={triples.map(({ remoteStatus }) => remoteStatus)}
        onChange={(remoteStatus) => change({ remoteStatus })}
      />
      <label>
        Age
        <select
          value={String(filters.minimumAgeMs)}
          onChange={({ currentTarget }) => change({ minimumAgeMs: Number(currentTarget.value) })}
        >
          {ages.map(([label, ageMs]) => (
            <option key={label} value={String(ageMs)}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filters.onlyStuck}
          onChange={({ currentTarget }) => change({ onlyStuck: currentTarget.checked })}
        />
        Stuck only
      </label>
      <button type="button" onClick={() => onChange(noFilters)}>
        Clear
      </button>
    </form>
  )
}

const hourMs = 3_600_000
const ages: readonly (readonly [string, number])[] = [
  ['any', 0],
  ['10 min or more', hourMs / 6],
  ['1 h or more', hourMs],
  ['6 h or more', 6 * hourMs],
  ['24 h or more', 24 * hourMs],
]

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly from: readonly (string | null | undefined)[]
  readonly onChange: (value: string) => void
}

/** Each with the number of triples. The chosen value stays a choice when nothing has it any more. */
function Choice({ label, value, from, onChange }: ChoiceProps) {
  const counts = new Map<string, number>(value === '' ? [] : [[value, 0]])
  for (const text of from) if (text) counts.set(text, (counts.get(text) ?? 0) + 1)
  const choices = [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return (
    <label>
      {label}
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        <option value="">any</option>
        {choices.map(([text, count]) => (
          <option key={text} value={text}>
            {text} ({countText(count)})
          </option>
        ))}
      </select>
    </label>
  )
}
