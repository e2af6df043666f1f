import { advice, downloadAgain, through } from './cures.js'
import type { Dialect } from './dialect.js'
import { recogniseText } from './text-dialects.js'

/** More is not looked at: whatever a file is, it shows at once. */
const lookedAtBytes = 8 * 1024

/** The dialect of a file, or of a line, from its first and its last bytes. */
export function recogniseBytes(start: Uint8Array, end: Uint8Array): Dialect | null {
  const head = Buffer.from(start.subarray(0, lookedAtBytes))
  const tail = Buffer.from(end.subarray(-lookedAtBytes))
  const bySignature = signatures.find(({ magic }) => head.subarray(0, magic.length).equals(magic))
  if (bySignature !== undefined) return bySignature.dialect(head, tail)
  return wideText(head) ?? recogniseText(head.toString('utf8').replace(/^\uFEFF/, ''), tail.toString('utf8'))
}

interface Signature {
  readonly magic: Buffer
  readonly dialect: (head: Buffer, tail: Buffer) => Dialect
}

const signature = (magic: string, dialect: Dialect | Signature['dialect']): Signature => ({
  magic: Buffer.from(magic, 'latin1'),
  dialect: typeof dialect === 'function' ? dialect : () => dialect,
})

const packed = (name: string, command: string): Dialect => ({
  name,
  cure: (file) => `If it is cut, get it from its server again. If not: ${through(command)(file)}`,
})
const wide = (encoding: string): Dialect => ({
  name: `${encoding.slice(0, 6)} text`,
  cure: through(`iconv -f ${encoding} -t UTF-8`),
})
const other = (name: string): Dialect => ({
  name,
  cure: advice(
    (file) => `Export its rows as JSON lines, one object a line, and put those in the place of ${file}`,
  ),
})

/** The first bytes of formats, the longest first where one begins like another. */
const signatures: readonly Signature[] = [
  signature('\xff\xfe\0\0', wide('UTF-32')),
  signature('\0\0\xfe\xff', wide('UTF-32')),
  signature('\xff\xfe', wide('UTF-16')),
  signature('\xfe\xff', wide('UTF-16')),
  signature('\x1f\x8b', packed('gzip-compressed data', 'gzip -dc')),
  signature('\x28\xb5\x2f\xfd', packed('zstd-compressed data', 'zstd -dc')),
  signature('\xfd7zXZ\0', packed('xz-compressed data', 'xz -dc')),
  signature('BZh', packed('bzip2-compressed data', 'bzip2 -dc')),
  signature('PK\x03\x04', zipOrWorkbook),
  signature('PAR1', parquet),
  signature('7z\xbc\xaf\x27\x1c', other('a 7-Zip archive')),
  signature('ARROW1', other('an Arrow file')),
  signature('Obj\x01', other('an Avro file')),
  signature('SQLite format 3\0', other('an SQLite database')),
  signature('%PDF-', other('a PDF')),
]

function zipOrWorkbook(head: Buffer): Dialect {
  if (head.includes('[Content_Types].xml') || head.includes('xl/')) return other('an Excel workbook')
  return {
    name: 'a zip archive',
    cure: advice((file) => `Unpack it: unzip -p ${file} > ${file}.new && mv ${file}.new ${file}`),
  }
}

function parquet(_head: Buffer, tail: Buffer): Dialect {
  const isWhole = tail.subarray(-4).toString('latin1') === 'PAR1'
  return isWhole ? other('a Parquet file') : { name: 'a Parquet file that is cut', cure: downloadAgain }
}

/**
 * UTF-16 and UTF-32 without a byte order mark: JSON begins with two characters of ASCII (RFC 4627, section 3), so
 * their zero bytes tell. A single line of such a file may begin with half of a line feed.
 */
function wideText(head: Buffer): Dialect | null {
  const zeros = Array.from(head.subarray(0, 8), (byte) => (byte === 0 ? '0' : 'x')).join('')
  return widths[zeros] ?? widths[zeros.slice(0, 4)] ?? null
}

// Of the wider one two characters: three zero bytes alone are a write that was lost.
const widths: Readonly<Record<string, Dialect>> = {
  x0x0: wide('UTF-16LE'),
  '0x0x': wide('UTF-16BE'),
  x000x000: wide('UTF-32LE'),
  '000x000x': wide('UTF-32BE'),
}
