import { pathToFileURL } from 'node:url'

/**
 * Two threads, and nothing read but the column that is asked for. Lines may have 16 MiB unless told: the buffers are made for
 * the longest one.
 */
export async function countIds({ paths, module, longestLine = '16777216' }) {
  const { DuckDBInstance } = await import(pathToFileURL(module).href)
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(query(paths, longestLine))
  const [row] = reader.getRowObjects()
  return Object.fromEntries(Object.entries(row).map(([name, count]) => [name, Number(count)]))
}

const query = ({ input, output, error }, longestLine) => `
  WITH requests AS (SELECT custom_id, count(*) AS times FROM ${rowsOf(longestLine, input)} GROUP BY custom_id),
       answers AS (SELECT custom_id, count(*) AS times FROM ${rowsOf(longestLine, output, error)} GROUP BY custom_id),
       both_sides AS (
         SELECT requests.times AS asked, answers.times AS answered
         FROM requests FULL JOIN answers ON requests.custom_id = answers.custom_id)
  SELECT count(*) FILTER (asked IS NOT NULL AND answered IS NOT NULL) AS matched,
         count(*) FILTER (answered IS NULL) AS missing,
         coalesce(sum(answered) FILTER (asked IS NULL), 0) AS unknown,
         coalesce(sum(asked - 1), 0) + coalesce(sum(answered - 1) FILTER (asked IS NOT NULL), 0) AS duplicate
  FROM both_sides`

function rowsOf(longestLine, ...paths) {
  const list = paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ')
  return `read_json([${list}], format = 'newline_delimited', columns = {custom_id: 'VARCHAR'}, maximum_object_size = ${longestLine})`
}
