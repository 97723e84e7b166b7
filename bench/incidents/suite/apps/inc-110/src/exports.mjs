import { setTimeout as delay } from 'node:timers/promises'
import { turnOf } from './turns.mjs'

/** One export of a document at a time. */
export async function exportDocument(id, format) {
  const finish = await turnOf(id)
  try {
    await delay(3)
    return { id, format, pages: id.length * 3 }
  } finally {
    finish()
  }
}
