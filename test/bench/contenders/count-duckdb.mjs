import { pathToFileURL } from 'node:url'

/** Two threads, and nothing read but the column that is asked for. */
export async function countIds({ paths, module }) {
  const { DuckDBInstance } = await import(pathToFileURL(module).href)
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(query(paths))
  const [row] = reader.getRowObjects()
  return Object.fromEntries(Object.entries(row).map(([name, count]) => [name, Number(count)]))
}

const query = ({ input, output, error }) => `
  WITH requests AS (SELECT custom_id, count(*) AS times FROM ${rowsOf(input)} GROUP BY custom_id),
       answers AS (SELECT custom_id, count(*) AS times FROM ${rowsOf(output, error)} GROUP BY custom_id),
       both_sides AS (
         SELECT requests.times AS asked, answers.times AS answered
         FROM requests FULL JOIN answers ON requests.custom_id = answers.custom_id)
  SELECT count(*) FILTER (asked IS NOT NULL AND answered IS NOT NULL) AS matched,
         count(*) FILTER (answered IS NULL) AS missing,
         coalesce(sum(answered) FILTER (asked IS NULL), 0) AS unknown,
         coalesce(sum(asked - 1), 0) + coalesce(sum(answered - 1) FILTER (asked IS NOT NULL), 0) AS duplicate
  FROM both_sides`

function rowsOf(...paths) {
  const list = paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ')
  return `read_json([${list}], format = 'newline_delimited', columns = {custom_id: 'VARCHAR'})`
}
