/** The hostile corpus (test/sandbox/hostile.jsonl) and the host functions that its scripts call. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Callbacks, Json } from '../../sandbox/index.ts'

export interface Expectation {
  readonly ok?: true
  readonly value?: Json
  readonly valueLength?: number
  readonly js?: string
  readonly logsMax?: number
  readonly code?: readonly string[]
  readonly messageIncludes?: string
  readonly messageMax?: number
  readonly maxMs?: number
  readonly anyOf?: readonly Expectation[]
}

export interface HostileScript {
  readonly id: string
  readonly lua: string
  readonly expect: Expectation
}

/** Reads the corpus beside the sources, also when this module runs from dist. */
export function readCorpus(): HostileScript[] {
  const inDist = /\/dist\/test\/sandbox\/[^/]*$/.test(import.meta.url)
  const address = inDist ? '../../../test/sandbox/hostile.jsonl' : './hostile.jsonl'
  const text = readFileSync(new URL(address, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HostileScript)
}

export const hostileCallbacks: Callbacks = {
  vm_get_memory: async () => {
    await sleep(0)
    return { total: 1000, used: 10, name: 'vm' }
  },
  tables_top: (n, by) =>
    Array.from({ length: Math.min(Number(n ?? 5), 100) }, (_, i) => ({ name: `t${i}`, by })),
  slow: async (ms) => {
    await sleep(Math.min(Number(ms), 3000), undefined, { ref: false })
    return 'slow'
  },
  hang: () => new Promise(() => {}),
  boom: () => {
    throw new Error('table not found')
  },
  throw_obj: () => {
    // the corpus wants a plain object
    throw { code: 5 } as unknown as Error
  },
  echo: (...values) => values,
  big_payload: (n) => 'x'.repeat(Number(n)),
  deep_payload: (n) => {
    let value: unknown = 1
    for (let i = 0; i < Number(n); i++) value = { o: value }
    return value
  },
  cyclic_payload: () => {
    const value: Record<string, unknown> = {}
    value['self'] = value
    return value
  },
  fn_payload: () => () => 1,
  weird_payload: () => ({
    n: null,
    u: undefined,
    nan: Number.NaN,
    big: 1e19,
    big64: 9007199254740993n,
    nul: 'a\0b',
    map: new Map([['a', 1]]),
    date: new Date(0),
    bytes: new Uint8Array([1, 2, 3]),
    neg0: -0,
  }),
}
