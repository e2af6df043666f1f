/** How long the leases of a worker last after its last sign of life unless somebody says otherwise, in milliseconds. */
export const usualLeaseMs = 60_000

/** So many signs of life while a lease lasts: one or two may be late. */
export const signsWhileALeaseLasts = 4
