import { countOf } from '../../units.js'

/** What to say of a workspace without triples; files that nobody uses are not nothing. */
export function nothingText(unused: number): string {
  if (unused === 0) return 'No triples in workdir/: nothing to do.'
  return `No triples in workdir/, and ${countOf(unused, 'file')} there that ${unused === 1 ? 'is' : 'are'} not used.`
}
