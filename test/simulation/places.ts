/**
 * Where everything stands on the simulated disk. A path that no system lets anybody make, so that whoever goes past the
 * simulated disk to the real one fails.
 */
export const home = '/proc/simulated'
export const root = `${home}/workspace`
