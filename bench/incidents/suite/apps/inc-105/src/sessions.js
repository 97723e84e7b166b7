'use strict'
const session = require('express-session')

/** A day is long enough for a visit that is interrupted. */
function sessions() {
  return session({
    secret: process.env.SESSION_SECRET ?? 'only for tests',
    resave: false,
    saveUninitialized: true,
    cookie: { maxAge: 86_400_000 },
  })
}

module.exports = { sessions }
