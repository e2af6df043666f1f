/** What Sets can say of a triple. */
export function idSets() {
  const requests = new Set()
  const answers = new Set()
  let matched = 0
  let unknown = 0
  let duplicate = 0
  return {
    addRequest(id) {
      if (requests.has(id)) duplicate += 1
      else requests.add(id)
    },
    addAnswer(id) {
      if (!requests.has(id)) unknown += 1
      else if (answers.has(id)) duplicate += 1
      else {
        answers.add(id)
        matched += 1
      }
    },
    counts: () => ({ matched, missing: requests.size - matched, unknown, duplicate }),
  }
}
