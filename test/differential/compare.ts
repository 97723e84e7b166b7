/** What must be equal: everything, with order only where OTP guarantees it. */

import { isDeepStrictEqual } from 'node:util'
import type { Program, Step } from './program.ts'
import { type Json, toJson } from './reason.ts'

type JsonObject = { readonly [key: string]: Json }

/**
 * Brings an outcome into a form that is the same for all allowed orders: messages in the order of
 * arrival per sender, where `EXIT` and `DOWN`s of one death have none; births and ends of children
 * in order within a supervisor, and in none where it is dynamic.
 */
export function canonical(outcome: unknown, program: Program): Json {
  const json = toJson(outcome)
  if (!isObject(json) || !Array.isArray(json['steps'])) return json
  const steps = json['steps'].map((report: Json, index: number) =>
    isObject(report) ? canonicalStep(report, program.steps[index]) : report,
  )
  return { ...json, steps, final: canonicalFinal(json['final'] ?? null) }
}

export function isEqual(one: Json, other: Json): boolean {
  return isDeepStrictEqual(one, other)
}

function canonicalStep(report: JsonObject, step: Step | undefined): Json {
  const { result = null, got = [], life = [], died = null } = report
  // Whether the dying still got to read what came in their last step is nobody's promise.
  const dead = isObject(died) ? died : {}
  const isRead = (entry: Json): boolean => !Object.hasOwn(dead, text(arrayOf(entry)[0]))
  const read = arrayOf(got).filter(isRead)
  // The children of a supervisor that was killed all hear of it at once.
  const isKill = step?.do === 'signal' && step.reason === 'kill'
  return {
    ...report,
    result: rowsOf(result),
    got: bySender(read),
    life: bySupervisor(life, isKill),
  }
}

function canonicalFinal(final: Json): Json {
  if (!isObject(final)) return final
  const { got = [], supervisors = {} } = final
  const tables = isObject(supervisors) ? supervisors : {}
  return {
    ...final,
    got: bySender(got),
    supervisors: Object.fromEntries(
      Object.entries(tables).map(([key, table]) => [key, isObject(table) ? tableOf(table) : table]),
    ),
  }
}

function tableOf(table: JsonObject): Json {
  return { ...table, children: rowsOf(table['children'] ?? null) }
}

/** Children without ids are dynamic: OTP lists them in the order of a map. */
function rowsOf(result: Json): Json {
  if (!Array.isArray(result)) return result
  return result.every((row) => Array.isArray(row) && row[0] === null) ? sorted(result) : result
}

function bySender(got: Json): Json {
  const groups = new Map<string, Json[]>()
  for (const entry of arrayOf(got)) {
    const [to, from, ...message] = arrayOf(entry)
    const key = `${text(to)} <- ${text(from)}`
    groups.set(key, [...(groups.get(key) ?? []), message])
  }
  return Object.fromEntries([...groups].map(([key, list]) => [key, withoutOrderOfDeath(list)]))
}

/** `EXIT` and `DOWN`s of one death come in no promised order: DOWNs last among their neighbours. */
function withoutOrderOfDeath(list: readonly Json[]): Json {
  const result: Json[] = []
  const downs: Json[] = []
  for (const message of list) {
    const [kind] = arrayOf(message)
    if (kind === 'DOWN') downs.push(message)
    else {
      if (kind === 'user') result.push(...sorted(downs.splice(0)))
      result.push(message)
    }
  }
  return [...result, ...sorted(downs)]
}

function bySupervisor(life: Json, isUnordered: boolean): Json {
  const groups = new Map<string, Json[]>()
  for (const entry of arrayOf(life)) {
    const [top, event = null] = arrayOf(entry)
    groups.set(text(top), [...(groups.get(text(top)) ?? []), event])
  }
  return Object.fromEntries(
    [...groups].map(([key, events]) => {
      return [key, isUnordered || key.startsWith('d') ? sorted(events) : events]
    }),
  )
}

function sorted(list: readonly Json[]): Json[] {
  return list.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

function arrayOf(json: Json): readonly Json[] {
  return Array.isArray(json) ? json : []
}

function text(json: Json | undefined): string {
  return typeof json === 'string' ? json : '?'
}

function isObject(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
