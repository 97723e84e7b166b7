import { renameSync, writeFileSync } from 'node:fs'
import { call } from '../../runtime/index.ts'
import { type Errand, type ErrandAnswer, errandVersion } from '../errand.ts'
import { emit } from '../telemetry.ts'
import { names } from './names.ts'
import { unwrapAnswer } from './reply-later.ts'

/** Asks the door and writes the answer; whatever happens, a file says how it ended. */
export async function runErrand({ request, timeoutMs, answerFile }: Errand): Promise<void> {
  const answer = await answerOf(request, timeoutMs)
  try {
    writeFileSync(`${answerFile}.part`, JSON.stringify(answer), { mode: 0o600 })
    renameSync(`${answerFile}.part`, answerFile)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    emit('lens', 'degraded', { why: 'errand-answer-not-written', file: answerFile, message })
  }
}

async function answerOf(request: Errand['request'], timeoutMs: number): Promise<ErrandAnswer> {
  try {
    const value = unwrapAnswer(await call(names.door, 'ask', request, { timeoutMs }))
    return { version: errandVersion, ok: true, value }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { version: errandVersion, ok: false, message }
  }
}
