const jumpsMs = [1_000, 60_000, 3_600_000, 26 * 3_600_000, 400 * 86_400_000]
const mostJumps = 6

/**
 * In one story of four somebody sets the clock now and then. Asked before each operation, gives by how much the time of day is
 * ahead from then on, behind where it is below 0; `null` when nobody touches it.
 */
export function clockJumps(random: () => number): () => number | null {
  const rate = random() < 0.75 ? 0 : 0.1 ** (1 + 2 * random())
  let jumps = 0
  return () => {
    if (jumps === mostJumps || random() >= rate) return null
    jumps += 1
    const jumpMs = jumpsMs[Math.floor(random() * jumpsMs.length)] ?? 0
    return jumpMs * (Math.floor(random() * 3) - 1)
  }
}
