'use strict'
const { spawn } = require('node:child_process')

/** Writes text to a program and takes its first line. */
function runFilter(command, args, text) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    child.once('error', reject)
    child.stdin.on('error', () => {})
    child.stdin.write(text.padEnd(64))
    child.stdout.once('data', (data) => {
      resolve(data.toString())
      if (text.length <= 64) child.stdin.end()
    })
  })
}

module.exports = { runFilter }
