'use strict'
const http = require('node:http')

let isNewForm = false
http
  .createServer((request, response) => {
    if (request.method === 'POST') {
      isNewForm = true
      return response.end()
    }
    let count = 0
    const timer = setInterval(() => {
      count += 1
      const symbol = `S${count % 30}`
      const isHalted = isNewForm && count % 50 === 0
      const price = isHalted ? null : { amount: 100 + (count % 7), currency: 'eur' }
      response.write(`${JSON.stringify({ symbol, price })}\n`)
    }, 20)
    return response.on('close', () => clearInterval(timer))
  })
  .listen(Number(process.env.DEP_PORT), '127.0.0.1', () => console.log('READY'))
