import { types } from 'node:util'
import { type Estimate, estimateContents } from './census-size.ts'
import { kindOf, oldestOf, rememberOldest, sizeOf } from './collections.ts'

/** Where a walk begins: a value and what leads to it. */
export interface CensusRoot {
  readonly value: unknown
  /** Readable path, such as `pages` or `journal.cams`. */
  readonly path: string
  /** File of the module, if known. */
  readonly file: string
  readonly holder?: object
  /** The nearest object of a class of the application's on the way, and its class. */
  readonly owner?: object
  /** A limit that is known from a private field. */
  readonly bound?: { readonly name: string; readonly value: number }
}

/** A large collection that was found; held weakly. */
export interface Finding {
  readonly reference: WeakRef<object>
  readonly path: string
  readonly file: string
  readonly kind: string
  /** Class of the nearest object that holds it, directly or through other collections. */
  readonly owner: string
  /** A number beside it that looks like a limit. */
  readonly bound: { readonly name: string; readonly value: number } | undefined
  readonly estimate: Estimate
  wasOldest: ((first: unknown) => boolean) | undefined
}

interface Step extends CensusRoot {
  readonly depth: number
}

const MAX_DEPTH = 9
const MAX_KEYS = 200
const MAX_NODES = 60_000
const MAX_FUNCTIONS = 3000
const MAX_FINDINGS = 400
/** Collections below this, and holding less than 1 MB, are not worth a row. */
const MIN_SIZE = 100
const MIN_BYTES = 1_048_576
/** An object with so many keys is used as a table. */
const MIN_KEYS = 250
const BOUND_NAME = /max|limit|capacity|keep|bound|cap$/i

/** Walks plain data breadth first, in slices; runs no getter and touches no proxy. */
export class CensusWalk {
  readonly findings = new Map<string, Finding>()
  /** Functions whose closures the inspector is to open, and objects with private fields. */
  readonly functions: { value: object; path: string; file: string }[] = []
  readonly opaque: { value: object; path: string; file: string }[] = []
  readonly #seen = new WeakSet<object>()
  readonly #hasPrivate = new WeakMap<object, boolean>()
  #queue: Step[] = []
  #head = 0
  #nodes = 0

  add(root: CensusRoot): void {
    this.#push({ ...root, depth: 0 })
  }

  /** Goes on for at most `budgetMs`. Returns whether there is more. */
  walk(budgetMs: number): boolean {
    const until = performance.now() + budgetMs
    while (this.#head < this.#queue.length) {
      const step = this.#queue[this.#head]
      this.#head += 1
      if (step !== undefined) this.#visit(step)
      if (this.#head % 16 === 0 && performance.now() > until) return this.#nodes < MAX_NODES
    }
    this.#queue = []
    this.#head = 0
    return false
  }

  #push(step: Step): void {
    const { value } = step
    if (typeof value !== 'object' && typeof value !== 'function') return
    if (value === null || this.#seen.has(value) || types.isProxy(value)) return
    if (this.#nodes >= MAX_NODES || step.depth > MAX_DEPTH) return
    this.#nodes += 1
    this.#seen.add(value)
    this.#queue.push(step)
  }

  #visit(step: Step): void {
    const { value } = step
    if (typeof value === 'function') {
      if (this.functions.length < MAX_FUNCTIONS)
        this.functions.push({ value, path: step.path, file: step.file })
      return this.#properties(value, step)
    }
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    if (types.isPromise(value) || types.isWeakMap(value) || types.isModuleNamespaceObject(value))
      return
    if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
      this.#collection(value, step)
      if (Array.isArray(value)) return
    }
    if (this.#isPrivate(value)) this.opaque.push({ value, path: step.path, file: step.file })
    this.#properties(value, step)
  }

  #collection(
    value: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | readonly unknown[],
    step: Step,
  ): void {
    this.#note(value, step)
    let index = 0
    for (const [key, item] of value.entries()) {
      if (index >= 12) break
      index += 1
      const at = Array.isArray(value) ? '[…]' : `.get(${keyText(key)})`
      this.#push({
        value: item,
        path: step.path + at,
        file: step.file,
        holder: value,
        ...ownerOf(value, step),
        depth: step.depth + 1,
      })
    }
  }

  #properties(value: object, step: Step): void {
    const keys = Reflect.ownKeys(value)
    if (keys.length >= MIN_KEYS && typeof value !== 'function' && kindOf(value) === 'Object')
      this.#note(value, step)
    for (const key of keys.slice(0, MAX_KEYS)) {
      if (key === 'prototype' || key === 'constructor') continue
      const inner: unknown = Object.getOwnPropertyDescriptor(value, key)?.value
      const name = typeof key === 'symbol' ? `[${String(key)}]` : `.${key}`
      this.#push({
        value: inner,
        path: step.path + name,
        file: step.file,
        holder: value,
        ...ownerOf(value, step),
        depth: step.depth + 1,
      })
    }
  }

  #note(value: object, step: Step): void {
    const size = sizeOf(value)
    const estimate = estimateContents(value, size)
    if (size < MIN_SIZE && estimate.bytes < MIN_BYTES) return
    if (this.findings.size >= MAX_FINDINGS) return
    const holder = step.holder ?? value
    const key = `${step.file}\n${step.path}`
    const before = this.findings.get(key)
    const isKnown = before?.reference.deref() === value
    this.findings.set(key, {
      reference: new WeakRef(value),
      path: step.path,
      file: step.file,
      kind: kindOf(value),
      owner: className(isPlain(holder) ? (step.owner ?? holder) : holder),
      bound: step.bound ?? boundOf(holder) ?? boundOf(value) ?? exceeded(step.owner, size),
      estimate,
      wasOldest: isKnown ? before?.wasOldest : rememberOldest(oldestOf(value)),
    })
  }

  #isPrivate(value: object): boolean {
    const maker: unknown = Object.getPrototypeOf(value)?.constructor
    if (typeof maker !== 'function' || this.opaque.length >= 300) return false
    const known = this.#hasPrivate.get(maker)
    if (known !== undefined) return known
    const text = Function.prototype.toString.call(maker)
    const has = text.startsWith('class') && /#[A-Za-z_$]/.test(text)
    this.#hasPrivate.set(maker, has)
    return has
  }
}

/** The owner of what is inside `value`: itself, unless it is a mere container. */
function ownerOf(value: object, step: CensusRoot): { owner?: object } {
  if (!isPlain(value)) return { owner: value }
  return step.owner === undefined ? {} : { owner: step.owner }
}

function isPlain(value: object): boolean {
  return ['', 'Object', 'Map', 'Set', 'Array', 'Function'].includes(className(value))
}

/** A limit of the owner that an inner collection has outgrown; one that it keeps may be meant otherwise. */
function exceeded(owner: object | undefined, size: number): Finding['bound'] {
  const bound = owner === undefined ? undefined : boundOf(owner)
  return bound !== undefined && size > bound.value ? bound : undefined
}

function className(value: object): string {
  const maker: unknown = Object.getPrototypeOf(value)?.constructor
  return typeof maker === 'function' ? maker.name.slice(0, 100) : ''
}

/** An own number of the object whose name sounds like a limit. */
function boundOf(value: object): { name: string; value: number } | undefined {
  if (Array.isArray(value)) return undefined
  for (const key of Reflect.ownKeys(value).slice(0, MAX_KEYS)) {
    const name = typeof key === 'symbol' ? (key.description ?? '') : key
    if (!BOUND_NAME.test(name) || /listeners/i.test(name)) continue
    const limit: unknown = Object.getOwnPropertyDescriptor(value, key)?.value
    if (typeof limit === 'number' && limit > 0 && Number.isFinite(limit))
      return { name, value: limit }
  }
  return undefined
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key)
  return typeof key === 'number' ? String(key) : '…'
}
