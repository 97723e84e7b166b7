'use strict'
import('./src/server.mjs')
