import { download } from './download.mjs'
import { ids } from './ids.mjs'
import { inspection } from './inspection.mjs'
import { listing } from './listing.mjs'
import { memory } from './memory.mjs'
import { proof } from './proof.mjs'
import { register } from './register.mjs'
import { wholeRuns } from './run.mjs'
import { smallTriples } from './small-triples.mjs'
import { startup } from './startup.mjs'
import { watch } from './watch.mjs'
import { workers } from './workers.mjs'

/** In the order of the table. `isOnRequest`: with `--full` or by name only. */
export const sections = {
  proof: { run: proof },
  run: { run: wholeRuns },
  memory: { run: memory },
  ids: { run: ids, isOnRequest: true },
  small: { run: smallTriples },
  listing: { run: listing },
  startup: { run: startup },
  download: { run: download },
  watch: { run: watch, isOnRequest: true },
  inspection: { run: inspection, isOnRequest: true },
  register: { run: register, isOnRequest: true },
  workers: { run: workers, isOnRequest: true },
}

/** @returns the functions to run, in order */
export function sectionsFor({ only, isFull }) {
  const strange = (only ?? []).filter((name) => !Object.hasOwn(sections, name))
  if (strange.length > 0) {
    throw new Error(
      `No section is called ${strange.join(', ')}. There are: ${Object.keys(sections).join(', ')}.`,
    )
  }
  return Object.entries(sections)
    .filter(([name, { isOnRequest = false }]) => only?.includes(name) ?? (isFull || !isOnRequest))
    .map(([, { run }]) => run)
}
