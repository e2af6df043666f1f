// A batch server that runs what it is sent: `node batch-server.mjs <testing library> <ms that a batch takes>`. Prints its
// address. `GET /counts` says how many batches were made, and how often they were listed and looked at.
import { createServer } from 'node:http'

const [library, batchMs] = process.argv.slice(2)
const { createFakeBatchServer } = await import(library)
const fake = createFakeBatchServer({
  defaults: { validatingMs: 100, inProgressMs: Number(batchMs) },
  // Servers take 2,000 an hour; what is measured is not the wait for the next hour.
  limits: { createsPerHour: Infinity },
})
const { baseURL } = await fake.listen()

const counts = () => ({
  batches: fake.batches().length,
  list: fake.requests('batches.list').length,
  retrieve: fake.requests('batches.retrieve').length,
})
const server = createServer((_, response) => response.end(JSON.stringify(counts())))
server.listen(0, '127.0.0.1', () =>
  console.log(`${new URL(baseURL).origin} http://127.0.0.1:${server.address().port}/counts`),
)
