/** The command line of `npm run incidents` (pure, but for the question what is a file). */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const usage = `npm run incidents -- [ids…] [options]
  ids…                only these incidents (inc-101 inc-04); none: all
  --also FOLDER       another suite in the same layout, may be repeated
                      (default: ../shared/incidents where it exists)
  --own-only          only the suite of this repository
  --label NAME        results are kept in results/incidents/NAME (default: latest)
  --repeat N          every incident N times, 1 to 50
  --baseline SECONDS  length of the phase without a fault, 1 to 600 (10)
  --fault SECONDS     length of the phase with the fault, 1 to 600 (22)
  --register FILE     the module that services import (agents/register); 'none': bare services
  --rescore           score what is kept under the label; nothing is run
  --overhead          only measure the overhead of a control
  --no-overhead       leave it out
  --json              the results as JSON on standard output, progress on standard error`

export interface Options {
  readonly ids: readonly string[]
  readonly also: readonly string[]
  readonly label: string
  readonly repeat: number
  readonly baselineSeconds: number
  readonly faultSeconds: number
  /** Absent: bare services. */
  readonly registerPath: string | undefined
  readonly does: { readonly incidents: boolean; readonly overhead: boolean; readonly run: boolean }
  readonly isJson: boolean
}

/** @throws {Error} One sentence that says which option is wrong and what was expected. */
export function readOptions(
  argv: readonly string[],
  defaults: { readonly registerPath: string; readonly alsoWhereItExists: string },
): Options {
  const { values, positionals } = parse(argv)
  if (values.overhead && values['no-overhead']) {
    throw new Error('--overhead and --no-overhead: choose one')
  }
  if (values.overhead && values.rescore) throw new Error('--rescore runs nothing, --overhead does')
  const standard = existsSync(defaults.alsoWhereItExists) ? [defaults.alsoWhereItExists] : []
  if (values['own-only'] && values.also.length > 0) {
    throw new Error('--own-only and --also: choose one')
  }
  return {
    ids: positionals.map(incidentId),
    also: values['own-only'] ? [] : values.also.length > 0 ? values.also : standard,
    label: matching('--label', values.label, /^[A-Za-z0-9][\w.-]{0,63}$/, 'letters, digits, . _ -'),
    repeat: count('--repeat', values.repeat, 50),
    baselineSeconds: count('--baseline', values.baseline, 600),
    faultSeconds: count('--fault', values.fault, 600),
    registerPath: registerModule(values.register ?? defaults.registerPath),
    does: {
      incidents: !values.overhead,
      overhead: values.overhead || !(values['no-overhead'] || values.rescore),
      run: !values.rescore,
    },
    isJson: values.json,
  }
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      also: { type: 'string', multiple: true, default: [] },
      'own-only': { type: 'boolean', default: false },
      label: { type: 'string', default: 'latest' },
      repeat: { type: 'string', default: '1' },
      baseline: { type: 'string', default: '10' },
      fault: { type: 'string', default: '22' },
      register: { type: 'string' },
      rescore: { type: 'boolean', default: false },
      overhead: { type: 'boolean', default: false },
      'no-overhead': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
}

function incidentId(text: string): string {
  return matching('an incident', text, /^[a-z][a-z0-9-]*$/, 'an id such as inc-101')
}

function matching(name: string, text: string, pattern: RegExp, expected: string): string {
  if (pattern.test(text)) return text
  throw new Error(`${name} is ${JSON.stringify(text)}, expected ${expected}`)
}

function count(name: string, text: string, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new Error(`${name} is ${JSON.stringify(text)}, expected a whole number from 1 to ${most}`)
}

function registerModule(path: string): string | undefined {
  if (path === 'none') return undefined
  if (existsSync(path)) return resolve(path)
  throw new Error(`--register: ${path} is not there; build it (npx tsc), or name another module`)
}
