import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

/** Where Debian puts it; there is no other browser that the tests look for. */
export const CHROMIUM = '/usr/bin/chromium'

const WAIT_MS = 40_000

interface Answer {
  id?: number
  result?: { targetId?: string; sessionId?: string; result?: { value?: unknown } }
  error?: { message: string }
}

/** A page in a headless Chromium, driven over the DevTools protocol. */
export interface BrowserPage {
  evaluate(expression: string): Promise<unknown>
  /** Evaluates until the value is truthy. */
  until(expression: string): Promise<unknown>
  close(): Promise<void>
}

export async function openPage(url: string): Promise<BrowserPage> {
  const profile = await mkdtemp(join(tmpdir(), 'nodelens-chromium-'))
  const browser = spawn(
    CHROMIUM,
    ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'].concat([
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ]),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = new Promise((resolve) => browser.once('exit', resolve))
  const close = async (): Promise<void> => {
    browser.kill('SIGKILL')
    await exited
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  try {
    const devTools = await bounded(devToolsUrl(browser.stderr), 'Chromium did not start')
    const send = await connectTo(devTools)
    const { targetId } = await send('Target.createTarget', { url })
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
    const evaluate = async (expression: string): Promise<unknown> => {
      const parameters = { expression, awaitPromise: true, returnByValue: true }
      return (await send('Runtime.evaluate', parameters, sessionId)).result?.value
    }
    const until = async (expression: string): Promise<unknown> => {
      const end = Date.now() + WAIT_MS
      while (Date.now() < end) {
        // While the page navigates there is no context to evaluate in.
        const value = await evaluate(expression).catch(() => undefined)
        if (value) return value
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      const body = await evaluate('document.body.innerText')
      throw new Error(`It never became true: ${expression}\n${String(body)}`)
    }
    return { evaluate, until, close }
  } catch (error) {
    await close()
    throw error
  }
}

function devToolsUrl(stderr: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
}

type Send = (
  method: string,
  parameters: object,
  sessionId?: string,
) => Promise<NonNullable<Answer['result']>>

async function connectTo(url: string): Promise<Send> {
  const socket = new WebSocket(url)
  const pending = new Map<number, (answer: Answer) => void>()
  let serial = 0
  socket.on('message', (data) => {
    const answer = JSON.parse((data as Buffer).toString()) as Answer
    if (answer.id !== undefined) pending.get(answer.id)?.(answer)
  })
  socket.on('error', () => {})
  await bounded(new Promise((resolve) => socket.once('open', resolve)), 'no DevTools')
  return async (method, parameters, sessionId) => {
    serial += 1
    const id = serial
    const answered = new Promise<Answer>((resolve) => pending.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params: parameters, sessionId }))
    const answer = await bounded(answered, `no answer to ${method}`)
    pending.delete(id)
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result ?? {}
  }
}

async function bounded<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), WAIT_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
