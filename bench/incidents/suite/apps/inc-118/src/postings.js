'use strict'
const postings = new Map()
const revisions = []

/** Every edit of a document is a new revision; only the newest is ever searched. */
function addDocument({ name, text }) {
  const words = text.split(' ')
  revisions.push({
    name,
    at: Date.now(),
    words,
    positions: words.map((word, at) => ({ word, at })),
  })
  for (const word of words) postings.set(word, name)
  return { revision: revisions.length }
}

module.exports = { addDocument, findWord: (word) => postings.get(word) ?? null }
