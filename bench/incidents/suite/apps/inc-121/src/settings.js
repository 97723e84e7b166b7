'use strict'
const { cloneDeep, merge } = require('lodash')
const { defaults, overridesOf } = require('./defaults')

function settingsFor(tenant) {
  const overrides = overridesOf(tenant)
  if (overrides === undefined) return defaults
  return merge(cloneDeep(defaults), overrides)
}

module.exports = { settingsFor }
