import { createHash } from 'node:crypto'
import { writeFileDurably } from '../../workspace/durable-write.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import type { FileStat, FileSystem, OpenFile } from '../../workspace/file-system.js'
import { withFile } from '../../workspace/read-whole-file.js'
import { identityBytes, readIdentities } from './request-identity.js'

/** What the end of a register says of the input it was made from. */
export interface RegisterFacts {
  readonly requests: number
  readonly inputBytes: number
  readonly inputModifiedAtMs: number
  /** In hexadecimal. */
  readonly inputSha256: string
}

/**
 * Writes the register of an input: the identity of each request in the order of the file, then the facts and a checksum
 * (`docs/on-disk-format.md`). Memory: one chunk.
 *
 * @throws FileChangedDuringRun, Interrupted, and what the disk refused
 */
export async function writeRegister(
  fs: FileSystem,
  path: string,
  inputPath: string,
  signal?: AbortSignal,
): Promise<void> {
  const input = await fs.stat(inputPath).catch(asFileProblem({ path: inputPath, action: 'look at' }))
  await writeFileDurably(fs, path, content(fs, inputPath, input, signal)).catch(
    asFileProblem({ path, action: 'write' }),
  )
}

/** The facts of a register, from its last bytes; `null` when there is none, or its length does not fit. */
export async function readRegisterFacts(fs: FileSystem, path: string): Promise<RegisterFacts | null> {
  const found = await fs.stat(path)
  if (found?.kind !== 'file' || found.bytes < footerBytes) return null
  return withFile(fs, path, async (file) => {
    const footer = Buffer.alloc(footerBytes)
    await file.read(footer, found.bytes - footerBytes)
    const facts = parseFooter(footer)
    return facts?.requests === (found.bytes - footerBytes) / identityBytes ? facts : null
  })
}

/**
 * Hands out the identities of a register, many in one piece that is overwritten by the next. `false` when the checksum
 * does not fit: then nothing that was handed out is to be believed.
 */
export function readRegister(
  fs: FileSystem,
  path: string,
  { requests }: RegisterFacts,
  take: (words: Uint32Array) => void,
): Promise<boolean> {
  return withFile(fs, path, async (file) => {
    const hash = createHash('sha256')
    const end = requests * identityBytes
    const piece = new Uint8Array(Math.min(pieceBytes, end))
    for (let position = 0; position < end;) {
      const bytes = piece.subarray(0, Math.min(pieceBytes, end - position))
      if (!(await fill(file, bytes, position))) return false
      hash.update(bytes)
      take(new Uint32Array(bytes.buffer, 0, bytes.length / 4))
      position += bytes.length
    }
    const footer = Buffer.alloc(footerBytes)
    await file.read(footer, end)
    hash.update(footer.subarray(0, checksumAt))
    return hash.digest().equals(footer.subarray(checksumAt))
  })
}

/** `BRREQ`, then the version of this format and the size of an identity. */
const magic = Buffer.from([0x42, 0x52, 0x52, 0x45, 0x51, 0x00, 1, identityBytes])
const requestsAt = 8
const inputBytesAt = 16
const modifiedAt = 24
const sha256At = 32
const checksumAt = 64
const footerBytes = 96
/** A whole number of identities, about a megabyte. */
const pieceBytes = identityBytes * 43_690

async function* content(
  fs: FileSystem,
  inputPath: string,
  input: FileStat | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const inputHash = createHash('sha256')
  const hash = createHash('sha256')
  let requests = 0
  const onChunk = (bytes: Buffer): void => void inputHash.update(bytes)
  for await (const words of readIdentities(fs, inputPath, { signal, onChunk })) {
    const bytes = new Uint8Array(words.buffer)
    hash.update(bytes)
    requests += bytes.length / identityBytes
    yield bytes
  }
  const facts = footerOf(requests, input, inputHash.digest())
  yield facts
  yield hash.update(facts).digest()
}

function footerOf(requests: number, input: FileStat | null, inputSha256: Buffer): Buffer {
  const footer = Buffer.alloc(checksumAt)
  magic.copy(footer)
  footer.writeDoubleLE(requests, requestsAt)
  footer.writeDoubleLE(input?.bytes ?? 0, inputBytesAt)
  footer.writeDoubleLE(input?.modifiedAtMs ?? 0, modifiedAt)
  inputSha256.copy(footer, sha256At)
  return footer
}

function parseFooter(footer: Buffer): RegisterFacts | null {
  if (!footer.subarray(0, magic.length).equals(magic)) return null
  return {
    requests: footer.readDoubleLE(requestsAt),
    inputBytes: footer.readDoubleLE(inputBytesAt),
    inputModifiedAtMs: footer.readDoubleLE(modifiedAt),
    inputSha256: footer.toString('hex', sha256At, checksumAt),
  }
}

/** `false` when the file ends before. */
async function fill(file: OpenFile, bytes: Uint8Array, position: number): Promise<boolean> {
  for (let filled = 0; filled < bytes.length;) {
    const count = await file.read(bytes.subarray(filled), position + filled)
    if (count === 0) return false
    filled += count
  }
  return true
}
