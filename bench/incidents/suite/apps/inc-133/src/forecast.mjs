import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { Agent, request } from 'undici'

const service = new Agent({ connections: 12, headersTimeout: 3000, bodyTimeout: 3000 })
const recent = new LRUCache({ max: 300, ttl: 4000 })

async function ask(place, attempt) {
  const { statusCode, body } = await request(`${process.env.UPSTREAM_URL}/forecast/${place}`, {
    dispatcher: service,
  })
  if (statusCode === 200) return body.json()
  await body.dump()
  if (attempt >= 3) throw new Error(`no forecast for ${place}: ${statusCode}`)
  await delay(40 * 2 ** attempt)
  return ask(place, attempt + 1)
}

/** Kept for four seconds; a failure is tried again twice, each time after a longer pause. */
export async function forecast(place) {
  const known = recent.get(place)
  if (known !== undefined) return known
  const fresh = await ask(place, 1)
  recent.set(place, fresh)
  return fresh
}
