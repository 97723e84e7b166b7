'use strict'

function players(count) {
  return Array.from({ length: count }, (_, i) => ({
    name: `player ${(i * 7919) % count}`,
    points: i % 97,
  }))
}

/** The best ten, without anybody twice. */
function leaderboard(count) {
  const best = []
  for (const player of players(count)) {
    if (!best.some(({ name }) => name === player.name)) best.push(player)
  }
  return best.sort((a, b) => b.points - a.points).slice(0, 10)
}

module.exports = { leaderboard }
