/** Requests that wait for ever, in words. Pure. */
import type { StuckPlace } from './stuck.ts'

/** Where it is known better what is wrong: the skills `postgres` and `http` itself look there. */
const DATABASE = /^(?:pg|pg-pool|pg-native|mysql2?|mongodb|mongoose|knex|sequelize)@/
const CLIENT =
  /^(?:undici|axios|node-fetch|got|request|superagent|follow-redirects|needle|cross-fetch|ky)@/

/** What a place waits for, by the package that made the promise. */
export function waitsFor(stuck: StuckPlace): 'lock' | 'database' | 'upstream' | 'promise' {
  const name = stuck.package ?? ''
  if (DATABASE.test(name)) return 'database'
  if (CLIENT.test(name) || /\bfetch\(\)$/.test(stuck.awaited ?? '')) return 'upstream'
  return stuck.isLock ? 'lock' : 'promise'
}

export interface StuckWords {
  readonly observation: string
  readonly explanation: string
  readonly remedy: string
}

/** `place`: as it is written in texts. */
export function stuckWords(stuck: StuckPlace, place: string): StuckWords {
  const what = stuck.awaited ?? 'a promise'
  const name = place.replace(/ \(.*$/, '')
  const from = stuck.package === undefined ? '' : ` of ${stuck.package.replace('@', ' ')}`
  const observation = `Requests of ${stuck.route} hang and get no response: ${stuck.count} of ${stuck.seen} that were followed wait in ${place} for ${what}${from}, which does not settle; the event loop is free`
  if (waitsFor(stuck) !== 'lock') {
    return {
      observation,
      explanation: `A promise that never settles: ${place} awaits ${what}${from}, and nothing resolves or rejects it, so each such request waits for ever and what it holds accumulates`,
      remedy: `See to it that what ${name} waits for is resolved or rejected on every path (errors, closed connections, lost answers), and bound the wait with a timeout (AbortSignal.timeout, Promise.race)`,
    }
  }
  const [exit] = stuck.exits
  const way =
    exit === undefined
      ? ''
      : `; ${name} can leave without giving it back in line ${exit.line} (\`${exit.text.slice(0, 80)}\`)`
  return {
    observation,
    explanation: `A lock (mutex, semaphore or pool slot) that is never released: ${place} waits in ${what}${from}, and whoever took it last has not given it back, so that everyone after waits for ever (deadlock)${way}`,
    remedy: `Release it on every path: try { … } finally { release() } in ${name}, or runExclusive() where the lock has it; bound the wait with a timeout`,
  }
}
