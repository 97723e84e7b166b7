'use strict'
const { pbkdf2, randomBytes } = require('node:crypto')
const { promisify } = require('node:util')

const derive = promisify(pbkdf2)
const salt = randomBytes(16)

async function verifyPassword(password, expected) {
  const key = await derive(password, salt, 250_000, 64, 'sha512')
  return key.equals(expected)
}

async function logIn({ user, password }) {
  const expected = Buffer.alloc(64, String(user).length)
  return verifyPassword(String(password), expected)
}

module.exports = { logIn }
