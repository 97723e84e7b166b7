'use strict'
const http = require('node:http')

let count = 0
http
  .createServer((request, response) => {
    count += 1
    const isBad = count % 25 === 0
    setTimeout(
      () => {
        response.statusCode = isBad ? 503 : 200
        response.end(
          JSON.stringify({ place: request.url, celsius: 17, hours: new Array(48).fill(17) }),
        )
      },
      80 + (count % 7) * 15,
    )
  })
  .listen(Number(process.env.DEP_PORT), '127.0.0.1', () => console.log('READY'))
