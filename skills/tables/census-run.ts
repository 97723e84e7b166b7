import { setTimeout as delay } from 'node:timers/promises'
import type { Inspectable } from '../gateway/inspectable.ts'
import { isRecord, parseJson, textOf } from '../json.ts'
import { asPath, originOf } from '../source/frame.ts'
import {
  type Measured,
  parseMeasured,
  privateBound,
  type RemoteValue,
  remoteValues,
} from './census-answers.ts'

const CENSUS = "globalThis[Symbol.for('nodelens.probe')].census"
const GROUP = 'nodelens-census'
const TERMINATED_TRIES = 3
const SLICE_MS = 8
const PAUSE_MS = 4
/** Bounds of one census. */
const MAX_MS = 4000
const MAX_FUNCTIONS = 500
const PER_APP_SCRIPT = 25
const PER_PACKAGE_SCRIPT = 3
const SCRIPTS_FRESH_MS = 60_000
const READ = { timeoutMs: 1000, chargeMs: 0.06 }

interface Script {
  readonly file: string
  readonly url: string
  readonly isModule: boolean
  readonly origin: string
}

/**
 * Finds the large collections that module state, closures and listeners of main lead to.
 *
 * Main walks plain data in slices of 8 ms; closures and private fields, which only the
 * inspector sees, are opened in between at about 0.06 ms of main each. The list of scripts costs
 * one `Debugger.enable` and `disable` (12 to 100 ms of main, by the amount of code), at most once a minute.
 */
export class CensusRun {
  readonly #inspector: Inspectable
  readonly #ownFolders: readonly string[]
  #scripts = new Map<string, Script>()
  #scriptsAt = 0

  constructor(inspector: Inspectable, ownFolders: readonly string[]) {
    this.#inspector = inspector
    this.#ownFolders = ownFolders
  }

  /** Files of the application's own scripts, as last listed. */
  appFiles(): string[] {
    return [...this.#scripts.values()]
      .filter((script) => script.origin === 'app')
      .map((script) => script.file)
  }

  /** Takes a census; what it found is measured by `measure`. @throws {InspectorUnavailable} */
  async run(): Promise<void> {
    const until = performance.now() + MAX_MS
    await this.#listScripts()
    await this.#evaluate(`${CENSUS}.begin()`, 1)
    await this.#importModules()
    const opened = new Set<string>()
    const perScript = new Map<string, number>()
    let functions = 0
    try {
      for (;;) {
        const waiting = await this.#walk(until)
        if (performance.now() > until || functions > MAX_FUNCTIONS) break
        if (waiting.opaque > 0) await this.#openPrivate()
        else if (waiting.functions > 0) functions += await this.#openClosures(opened, perScript)
        else break
      }
    } finally {
      await this.#evaluate(`${CENSUS}.finish()`, 0.1).catch(() => undefined)
      await this.#inspector
        .post('Runtime.releaseObjectGroup', { objectGroup: GROUP }, READ)
        .catch(() => undefined)
    }
  }

  /** Sizes now of what the last census found; below 1 ms of main. */
  async measure(): Promise<Measured[]> {
    const answer = await this.#evaluate(`${CENSUS}.measure()`, 1)
    const rows: unknown = typeof answer === 'string' ? parseJson(answer) : []
    return (Array.isArray(rows) ? rows : []).filter(isRecord).map(parseMeasured)
  }

  async #walk(until: number): Promise<{ functions: number; opaque: number }> {
    for (;;) {
      const answer = await this.#evaluate(`${CENSUS}.walk(${SLICE_MS})`, SLICE_MS)
      const state = typeof answer === 'string' ? parseJson(answer) : null
      if (!isRecord(state)) return { functions: 0, opaque: 0 }
      if (state['more'] !== true || performance.now() > until) {
        return { functions: Number(state['functions']), opaque: Number(state['opaque']) }
      }
      await delay(PAUSE_MS, undefined, { ref: false })
    }
  }

  async #openClosures(opened: Set<string>, perScript: Map<string, number>): Promise<number> {
    const taken = await this.#take('takeFunctions(60)')
    let count = 0
    for (const [index, { objectId }] of taken.values.entries()) {
      const internal = await this.#internalsOf(objectId)
      const script = this.#scripts.get(internal.scriptId)
      if (script === undefined || script.origin === 'node' || script.origin === 'own') continue
      // functions of a package that the application holds come apart from those that it exports
      const isExported = taken.places[index]?.file === script.file
      const counter = `${internal.scriptId} ${String(isExported)}`
      const used = perScript.get(counter) ?? 0
      const most = script.origin === 'package' ? PER_PACKAGE_SCRIPT : PER_APP_SCRIPT
      if (used >= most || opened.has(internal.place)) continue
      opened.add(internal.place)
      perScript.set(counter, used + 1)
      count += 1
      if (internal.scopesId !== undefined) await this.#openScopes(internal.scopesId, script, opened)
    }
    return Math.max(count, 1)
  }

  async #openScopes(scopesId: string, script: Script, opened: Set<string>): Promise<void> {
    const scopes = await this.#properties(scopesId)
    for (const scope of scopes) {
      if (!/^(?:Closure|Module|Block)/.test(scope.description)) continue
      const variables = await this.#properties(scope.objectId)
      const key = `${script.url} ${scope.description} ${variables.map((entry) => entry.name).join()}`
      if (opened.has(key) || variables.length === 0) continue
      opened.add(key)
      await this.#addValues(variables.slice(0, 300), (name) => ({ path: name, file: script.file }))
    }
  }

  async #openPrivate(): Promise<void> {
    const taken = await this.#take('takeOpaque(60)')
    for (const [index, { objectId }] of taken.values.entries()) {
      const place = taken.places[index]
      const answer = await this.#post('Runtime.getProperties', { objectId, ownProperties: true })
      const list: unknown = isRecord(answer) ? answer['privateProperties'] : undefined
      const fields = remoteValues(list)
      if (place === undefined || fields.length === 0) continue
      const bound = privateBound(list)
      const label = (name: string): object => ({
        ...bound,
        path: `${place.path}.${name}`,
        file: place.file,
      })
      await this.#addValues(fields, label, objectId)
    }
  }

  async #addValues(
    values: readonly RemoteValue[],
    label: (name: string) => object,
    holderId?: string,
  ): Promise<void> {
    const [first] = values
    if (first === undefined) return
    const labels = JSON.stringify(values.map((entry) => label(entry.name)))
    const holder = holderId === undefined ? {} : { objectId: holderId }
    await this.#post('Runtime.callFunctionOn', {
      objectId: first.objectId,
      functionDeclaration: `function (...all) { ${CENSUS}.addValues(...all) }`,
      arguments: [{ value: labels }, holder, ...values.map(({ objectId }) => ({ objectId }))],
    })
  }

  async #take(
    call: string,
  ): Promise<{ values: readonly RemoteValue[]; places: { path: string; file: string }[] }> {
    const answer = await this.#post('Runtime.evaluate', {
      expression: `${CENSUS}.${call}`,
      objectGroup: GROUP,
    })
    const list =
      isRecord(answer) && isRecord(answer['result']) ? textOf(answer['result']['objectId']) : '?'
    const values = (await this.#properties(list)).filter((entry) => /^\d+$/.test(entry.name))
    const paths = await this.#evaluate(`${CENSUS}.takenPaths()`, 0.1)
    const places: unknown = typeof paths === 'string' ? parseJson(paths) : []
    const known = Array.isArray(places) ? places.filter(isRecord) : []
    return {
      values,
      places: known.map((place) => ({
        path: textOf(place['path']),
        file: textOf(place['file'], ''),
      })),
    }
  }

  async #internalsOf(
    objectId: string,
  ): Promise<{ scriptId: string; place: string; scopesId?: string }> {
    const answer = await this.#post('Runtime.getProperties', { objectId, ownProperties: true })
    const list: unknown = isRecord(answer) ? answer['internalProperties'] : undefined
    let scriptId = ''
    let place = ''
    let scopesId: string | undefined
    for (const entry of Array.isArray(list) ? list.filter(isRecord) : []) {
      const value = isRecord(entry['value']) ? entry['value'] : {}
      if (entry['name'] === '[[Scopes]]') scopesId = textOf(value['objectId'])
      if (entry['name'] === '[[FunctionLocation]]' && isRecord(value['value'])) {
        scriptId = textOf(value['value']['scriptId'], '')
        place = JSON.stringify(value['value'])
      }
    }
    return { scriptId, place, ...(scopesId === undefined ? {} : { scopesId }) }
  }

  async #properties(objectId: string): Promise<RemoteValue[]> {
    const answer = await this.#post('Runtime.getProperties', { objectId, ownProperties: true })
    return remoteValues(isRecord(answer) ? answer['result'] : undefined)
  }

  async #importModules(): Promise<void> {
    const modules = [...this.#scripts.values()].filter(
      (script) => script.isModule && script.origin === 'app',
    )
    const urls = JSON.stringify(modules.map((script) => script.url).slice(0, 300))
    if (modules.length === 0) return
    const options = { timeoutMs: 500, chargeMs: modules.length * 0.05 }
    const parameters = {
      expression: `${CENSUS}.importLoaded(${urls})`,
      awaitPromise: true,
      returnByValue: true,
    }
    // A module that still awaits at its top, or a stuck main, must not hold the census up.
    await this.#inspector.post('Runtime.evaluate', parameters, options).catch(() => undefined)
  }

  async #listScripts(): Promise<void> {
    if (performance.now() - this.#scriptsAt < SCRIPTS_FRESH_MS && this.#scripts.size > 0) return
    const scripts = new Map<string, Script>()
    const onScript = (script: unknown): void => {
      if (!isRecord(script)) return
      const url = textOf(script['url'], '')
      const file = asPath(url)
      const origin = url === '' ? 'node' : originOf(file, this.#ownFolders)
      scripts.set(textOf(script['scriptId']), {
        file,
        url,
        isModule: script['isModule'] === true,
        origin,
      })
    }
    const options = { timeoutMs: 2000 }
    await this.#inspector.listen('Debugger.scriptParsed', onScript, async () => {
      await this.#inspector.post('Debugger.enable', {}, options)
      await this.#inspector.post('Debugger.disable', {}, options)
    })
    this.#scripts = scripts
    this.#scriptsAt = performance.now()
  }

  /** On a crowded machine a slice of a few milliseconds can take V8's whole time: it is asked again. */
  async #evaluate(expression: string, chargeMs: number): Promise<unknown> {
    for (let left = TERMINATED_TRIES; ; left--) {
      try {
        const options = { timeoutMs: 1500, mainMs: 200, chargeMs }
        return await this.#inspector.evaluate(expression, options)
      } catch (error) {
        if (left === 0 || !String(error).includes('Execution was terminated')) throw error
        await delay(PAUSE_MS * 10, undefined, { ref: false })
      }
    }
  }

  async #post(method: string, parameters: object): Promise<unknown> {
    return this.#inspector.post(method, parameters, READ)
  }
}
