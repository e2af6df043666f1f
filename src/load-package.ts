import type { Problem } from '../machines/index.js'
import { reconciliationError } from './errors.js'

/**
 * A package that users install beside this one.
 *
 * @param problem thrown when it cannot be loaded, with why
 */
export async function loadPackage<Package>(load: () => Promise<Package>, problem: Problem): Promise<Package> {
  try {
    return await load()
  } catch (cause) {
    throw reconciliationError(problem, { cause })
  }
}
