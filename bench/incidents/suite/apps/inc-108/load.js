'use strict'
const { run } = require('../_lib/load')

/** A PNG header of 640 × 480, and a HEIF file whose second box says that it is 0 bytes long. */
const png = Buffer.alloc(64)
Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(png)
png.writeUInt32BE(640, 16)
png.writeUInt32BE(480, 20)
const heif = Buffer.alloc(96)
heif.writeUInt32BE(24, 0)
heif.write('ftypavif', 4, 'latin1')
heif.write('free', 28, 'latin1')

const albums = { name: 'albums', perSecond: 30, request: () => ({ path: '/albums' }) }
const upload = (body) => ({
  name: 'upload',
  perSecond: 10,
  request: (i) => ({ method: 'POST', path: '/photos', body: body(i), timeoutMs: 8000 }),
})
run({
  before: [albums, upload(() => png)],
  during: [albums, upload((i) => (i === 15 ? heif : png))],
})
