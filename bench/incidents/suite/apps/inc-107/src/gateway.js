'use strict'
const { connect } = require('node:net')
const { createInterface } = require('node:readline')
const { Correlator } = require('./correlator')
const { withTimeout } = require('./with-timeout')

/** Talks to the field devices: a line of JSON there, a line of JSON back. */
class Gateway {
  constructor(port) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.correlator = new Correlator((line) => this.socket.write(line))
    createInterface({ input: this.socket }).on('line', (line) => this.correlator.settle(line))
  }

  get isOnline() {
    return !this.socket.destroyed
  }

  read(device) {
    return withTimeout(this.correlator.request({ op: 'read', device }), 120)
  }
}

module.exports = { Gateway }
