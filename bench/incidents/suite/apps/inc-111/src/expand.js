'use strict'

/** Every slot of so many minutes between two moments. */
function expandSlots(from, to, minutes) {
  const slots = []
  for (let at = from.getTime(); at < to.getTime(); at += minutes * 60_000) {
    const begin = new Date(at)
    slots.push({ begin: begin.toISOString(), weekday: begin.getUTCDay(), minutes, room: null })
  }
  return slots
}

module.exports = { expandSlots }
