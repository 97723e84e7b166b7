import { createHook } from 'node:async_hooks'
import type { JsonRecord } from '../json.ts'
import { stackOfMoment } from '../probe/creation-stack.ts'
import type { MainPart } from '../probe/main-part.ts'

interface User {
  readonly type: string
  readonly stack: string
  count: number
}

/** Requests of Node's that run on a thread of libuv's pool, and the names that native packages give theirs. */
const ON_POOL =
  /^(?:FSREQ|GETADDRINFO|GETNAMEINFO|ZLIB)|(?:PBKDF2|SCRYPT|RANDOMBYTES|RANDOMPRIME|CHECKPRIME|KEYPAIRGEN|KEYGEN|KEYEXPORT|DERIVEBITS|HASH|SIGN|CIPHER|HKDF)\w*$|bcrypt|argon|sharp|AsyncWorker|addon/i
const MAX_USERS = 60
const MAX_STACKS = 400
const MOST_MS = 10_000

/** For a short time, sees who asks for work on the thread pool, and for what. */
class PoolWindow {
  #users = new Map<string, User>()
  #stacks = 0
  #stop: (() => void) | undefined

  begin(): null {
    this.#stop?.()
    this.#users = new Map()
    this.#stacks = 0
    const hook = createHook({
      init: (_id, type) => {
        if (ON_POOL.test(type)) this.#note(type)
      },
    }).enable()
    const timer = setTimeout(() => this.#stop?.(), MOST_MS)
    timer.unref()
    this.#stop = () => {
      clearTimeout(timer)
      hook.disable()
      this.#stop = undefined
    }
    return null
  }

  end(): JsonRecord[] {
    this.#stop?.()
    const users = [...this.#users.values()].map((user) => ({ ...user }))
    this.#users = new Map()
    return users.sort((one, other) => other.count - one.count).slice(0, 20)
  }

  #note(type: string): void {
    if (this.#stacks >= MAX_STACKS) return
    this.#stacks += 1
    const creation = stackOfMoment()
    if (creation.type !== 'stack' || creation.text === '') return
    const key = `${type}\n${creation.text}`
    const user = this.#users.get(key) ?? { type, stack: creation.text, count: 0 }
    if (user.count === 0 && this.#users.size >= MAX_USERS) return
    user.count += 1
    this.#users.set(key, user)
  }
}

const users = new PoolWindow()

/** Main's part of `vm`: who uses the thread pool, while somebody asks. */
export const vmMain: MainPart = {
  skill: 'vm',
  install: () => () => {
    users.end()
  },
  functions: {
    'vm.beginPoolUsers': { run: () => users.begin() },
    'vm.endPoolUsers': { run: () => users.end() },
  },
}
