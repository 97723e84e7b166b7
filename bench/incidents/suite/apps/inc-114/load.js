'use strict'
const { run, tellUpstream } = require('../_lib/load')

run({
  before: [
    { name: 'tariffs', perSecond: 20, request: () => ({ path: '/tariffs' }) },
    {
      name: 'parcel',
      perSecond: 15,
      most: 60,
      request: (i) => ({ path: `/parcels/${1000 + i}`, timeoutMs: 8000 }),
    },
  ],
  onFault: () => tellUpstream('/down'),
})
