/**
 * The settings of `nodelens/register`: NODELENS_* variables and an optional JSON file. It runs in the
 * application's main thread before the application, so it loads nothing and throws nothing.
 */
import { readFileSync } from 'node:fs'
import { nearest } from './nearest.ts'

/** How much nodelens says on stderr. `silent`: nothing but mistakes in these settings. */
export type LogLevel = 'silent' | 'insights' | 'info' | 'debug'

/** Settings, checked. */
export interface Settings {
  /** As for `start({ model })`; default `auto`. */
  readonly model?: string
  /** What may be spent on models: `run=200000,day=$5,stop`. */
  readonly budget?: string
  /** Absent: no observer. */
  readonly observer?: { readonly host: string; readonly port: number; readonly token?: string }
  readonly insightsFile?: string
  readonly journal?: string
  readonly skills?: readonly string[]
  /** Skills whose operators watch by themselves; `all`: every one. */
  readonly continuous?: readonly string[] | 'all'
  /** Where what was learned is kept; `off`: nowhere. */
  readonly stateDir?: string
  readonly log: LogLevel
  /** Spans and metrics go to the application's OpenTelemetry. Default false. */
  readonly openTelemetry?: true
}

/** Settings, or one line that says what is wrong with them. */
export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problem: string }

const variables = [
  'NODELENS_MODEL',
  'NODELENS_BUDGET',
  'NODELENS_OBSERVER',
  'NODELENS_OBSERVER_TOKEN',
  'NODELENS_INSIGHTS_FILE',
  'NODELENS_JOURNAL',
  'NODELENS_SKILLS',
  'NODELENS_CONTINUOUS',
  'NODELENS_STATE_DIR',
  'NODELENS_LOG',
  'NODELENS_OPENTELEMETRY',
  'NODELENS_CONFIG',
] as const
type Variable = (typeof variables)[number]

const configKeys = [
  'model',
  'budget',
  'observer',
  'observerToken',
  'insightsFile',
  'journal',
  'skills',
  'continuous',
  'stateDir',
  'log',
  'openTelemetry',
]
const logLevels: readonly LogLevel[] = ['silent', 'insights', 'info', 'debug']

/** A mistake in the settings; its message is the whole line. */
class SettingsProblem extends Error {}

/** Reads the settings from an environment; a variable wins over the file that NODELENS_CONFIG names. */
export function parseSettings(
  environment: Readonly<Record<string, string | undefined>>,
): ParsedSettings {
  try {
    refuseMisspelt(environment)
    return { ok: true, settings: readSettings(environment) }
  } catch (error) {
    if (error instanceof SettingsProblem) return { ok: false, problem: error.message }
    throw error
  }
}

/** Only names that are nearly ours: other tools may have variables that begin alike. */
function refuseMisspelt(environment: Readonly<Record<string, string | undefined>>): void {
  const known: readonly string[] = variables
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('NODELENS_') || known.includes(name)) continue
    const meant = nearest(
      name.slice(9),
      known.map((one) => one.slice(9)),
    )
    if (meant !== undefined) {
      throw new SettingsProblem(`unknown variable ${name}; did you mean NODELENS_${meant}?`)
    }
  }
}

function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const file = configFrom(environment['NODELENS_CONFIG'])
  const text = (variable: Variable, key: string): Found | undefined => {
    const value = environment[variable]
    if (value !== undefined && value !== '') return { name: variable, value }
    return fromFile(file, key, environment['NODELENS_CONFIG'] ?? '')
  }
  const model = text('NODELENS_MODEL', 'model')?.value
  const budget = text('NODELENS_BUDGET', 'budget')?.value
  const observer = observerFrom(
    text('NODELENS_OBSERVER', 'observer'),
    text('NODELENS_OBSERVER_TOKEN', 'observerToken'),
  )
  const insightsFile = text('NODELENS_INSIGHTS_FILE', 'insightsFile')?.value
  const journal = text('NODELENS_JOURNAL', 'journal')?.value
  const stateDir = text('NODELENS_STATE_DIR', 'stateDir')?.value
  const skills = skillsFrom(text('NODELENS_SKILLS', 'skills'))
  const continuous = continuousFrom(text('NODELENS_CONTINUOUS', 'continuous'))
  return {
    log: logLevelFrom(text('NODELENS_LOG', 'log')),
    ...(model === undefined ? {} : { model }),
    ...(budget === undefined ? {} : { budget }),
    ...(observer === undefined ? {} : { observer }),
    ...(insightsFile === undefined ? {} : { insightsFile }),
    ...(journal === undefined ? {} : { journal }),
    ...(skills === undefined ? {} : { skills }),
    ...(continuous === undefined ? {} : { continuous }),
    ...(stateDir === undefined ? {} : { stateDir }),
    ...(isOn(text('NODELENS_OPENTELEMETRY', 'openTelemetry')) ? { openTelemetry: true } : {}),
  }
}

function isOn(found: Found | undefined): boolean {
  if (found === undefined || found.value === 'off') return false
  if (found.value === 'on') return true
  throw new SettingsProblem(`${found.name}: expected on or off; got "${found.value}"`)
}

/** A setting and where it was found, for messages. */
interface Found {
  readonly name: string
  readonly value: string
}

function configFrom(path: string | undefined): Readonly<Record<string, unknown>> {
  if (path === undefined || path === '') return {}
  const config = parsedFile(path)
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new SettingsProblem(`NODELENS_CONFIG: expected a JSON object in ${path}`)
  }
  for (const key of Object.keys(config)) {
    if (configKeys.includes(key)) continue
    const meant = nearest(key, configKeys)
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
    throw new SettingsProblem(
      `NODELENS_CONFIG: unknown key "${key}" in ${path}${hint} Known: ${configKeys.join(', ')}`,
    )
  }
  return { ...config }
}

function parsedFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SettingsProblem(
      `NODELENS_CONFIG: expected the path of a JSON file; ${path} cannot be read (${why})`,
    )
  }
}

function fromFile(
  file: Readonly<Record<string, unknown>>,
  key: string,
  path: string,
): Found | undefined {
  const value = file[key]
  if (value === undefined) return undefined
  if (typeof value === 'string') return { name: `"${key}" in ${path}`, value }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return { name: `"${key}" in ${path}`, value: value.join(',') }
  }
  if (key === 'model' && typeof value === 'object' && value !== null)
    return { name: `"${key}" in ${path}`, value: JSON.stringify(value) }
  throw new SettingsProblem(`NODELENS_CONFIG: "${key}" in ${path} must be a string`)
}

const observerForm = "'host:port' (127.0.0.1:4680), ':port', a port, or 'off'"

function observerFrom(
  found: Found | undefined,
  token: Found | undefined,
): Settings['observer'] | undefined {
  if (found === undefined || found.value === 'off') return undefined
  const match = /^(?:(?<host>\[[0-9a-f:]+\]|[^:\s]+)?:)?(?<port>\d{1,5})$/i.exec(found.value.trim())
  const port = Number(match?.groups?.['port'])
  if (match === null || port > 65_535) {
    throw new SettingsProblem(`${found.name}: expected ${observerForm}; got "${found.value}"`)
  }
  const host = (match.groups?.['host'] ?? '127.0.0.1').replace(/^\[|\]$/g, '')
  return { host, port, ...(token === undefined ? {} : { token: token.value }) }
}

function skillsFrom(found: Found | undefined): readonly string[] | undefined {
  if (found === undefined) return undefined
  const skills = found.value.split(',').map((skill) => skill.trim())
  const wrong = skills.find((skill) => !/^[a-z][a-z0-9_]{0,31}$/.test(skill))
  if (wrong === undefined) return skills
  throw new SettingsProblem(
    `${found.name}: expected skill ids separated by commas (vm,tables); got "${found.value}"`,
  )
}

function continuousFrom(found: Found | undefined): Settings['continuous'] {
  if (found === undefined || found.value === 'off') return undefined
  return found.value === 'all' ? 'all' : skillsFrom(found)
}

function logLevelFrom(found: Found | undefined): LogLevel {
  if (found === undefined) return 'silent'
  const level = logLevels.find((known) => known === found.value)
  if (level !== undefined) return level
  throw new SettingsProblem(`${found.name}: expected ${logLevels.join(', ')}; got "${found.value}"`)
}
