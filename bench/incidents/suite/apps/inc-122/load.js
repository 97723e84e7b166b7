'use strict'
const { run } = require('../_lib/load')

const formats = { name: 'formats', perSecond: 20, request: () => ({ path: '/formats' }) }
const checksum = (length) => ({
  name: 'checksum',
  perSecond: 5,
  most: 30,
  request: (i) => ({
    method: 'POST',
    path: '/checksum',
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from(`document ${i} `.padEnd(length, 'x')),
  }),
})
run({ before: [formats, checksum(40)], during: [formats, checksum(90)] })
