'use strict'
const { parentPort } = require('node:worker_threads')
const { addDocument, findWord } = require('./postings')

parentPort.on('message', ({ id, op, document, word }) => {
  const result = op === 'add' ? addDocument(document) : findWord(word)
  parentPort.postMessage({ id, result })
})
