/** Settings of the environment, made a running nodelens. */
import type { BudgetOptions } from './budget.ts'
import { defaultOperatorIdleMs, type LaunchOptions, launch, runningLens } from './launch.ts'
import { defaultLookoutOptions } from './loop/lookout-state.ts'
import { type ModelSetting, parseModel } from './models/setting.ts'
import { nearest } from './nearest.ts'
import { checkObserverAddress } from './observer-address.ts'
import type { LogLevel, Settings } from './settings.ts'
import { builtInSkills } from './skill-names.ts'
import { defaultFileBounds } from './storage/file-bounds.ts'
import { type TelemetryEvent, telemetry } from './telemetry.ts'
import { defaultTriggerOptions } from './trigger-rules.ts'

/**
 * Starts nodelens as the settings say. What goes wrong later is an event, and a line if the log
 * level allows one; it never reaches the application.
 *
 * @param readBudget Reads `settings.budget`; handed in, so that who has none does not load it.
 *
 * @throws {TypeError} A model or skill that cannot be meant.
 */
export function launchWith(
  settings: Settings,
  say: (line: string) => void,
  readBudget?: (text: string, model: ModelSetting) => BudgetOptions,
): void {
  if (runningLens() !== undefined) return
  const options = { ...launchOptions(settings), ...budgetOf(settings, readBudget) }
  const launched = launch(options)
  logTo(settings.log, say)
  if (settings.openTelemetry === true) void connect(say)
  launched.ready.catch((error: unknown) => {
    if (settings.log !== 'silent')
      say(`could not start: ${error instanceof Error ? error.message : String(error)}`)
  })
}

function launchOptions(settings: Settings): LaunchOptions {
  const { model, observer, insightsFile, journal, stateDir, skills = builtInSkills } = settings
  for (const skill of skills) {
    if (builtInSkills.includes(skill)) continue
    const meant = nearest(skill, builtInSkills)
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
    throw new TypeError(
      `NODELENS_SKILLS: unknown skill "${skill}"${hint} Built in are ${builtInSkills.join(', ')}`,
    )
  }
  if (observer !== undefined) {
    checkObserverAddress('NODELENS_OBSERVER', observer.host, observer.token)
  }
  return {
    skills,
    custom: [],
    model: modelFrom(model),
    triggers: defaultTriggerOptions,
    operatorIdleMs: defaultOperatorIdleMs,
    continuous: continuousFrom(settings.continuous, skills),
    ...(observer === undefined ? {} : { observer: { ...observer, mayFail: true } }),
    ...(insightsFile === undefined ? {} : { insightsFile }),
    ...(journal === undefined ? {} : { journal: { file: journal, ...defaultFileBounds } }),
    ...(stateDir === undefined ? {} : { anomaly: { stateDir } }),
  }
}

function budgetOf(
  { budget, model }: Settings,
  read: ((text: string, model: ModelSetting) => BudgetOptions) | undefined,
): Pick<LaunchOptions, 'budget'> {
  if (budget === undefined || read === undefined) return {}
  try {
    return { budget: read(budget, modelFrom(model)) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TypeError(`NODELENS_BUDGET: ${why.replace(/^budget: /, '')}`)
  }
}

/** @throws {TypeError} A skill that is not in use. */
function continuousFrom(
  wanted: Settings['continuous'],
  skills: readonly string[],
): NonNullable<LaunchOptions['continuous']> {
  const ids = wanted === 'all' ? skills : (wanted ?? [])
  const unknown = ids.find((id) => !skills.includes(id))
  if (unknown !== undefined) {
    throw new TypeError(
      `NODELENS_CONTINUOUS: unknown skill "${unknown}". In use are ${skills.join(', ')}; all: every one`,
    )
  }
  return Object.fromEntries(ids.map((id) => [id, defaultLookoutOptions]))
}

function modelFrom(model: string | undefined): LaunchOptions['model'] {
  try {
    return parseModel(model?.startsWith('{') === true ? JSON.parse(model) : model, process.env)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TypeError(`NODELENS_MODEL: ${why.replace(/^model: /, '')}`)
  }
}

/** Loaded only where it is wanted; the application's SDK may be set up later. */
async function connect(say: (line: string) => void): Promise<void> {
  try {
    const { connectOpenTelemetry } = await import('./open-telemetry/connect.ts')
    connectOpenTelemetry()
  } catch (error) {
    say(`NODELENS_OPENTELEMETRY: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const insightEvents = ['coordinator:insight-produced', 'insights:write-failed']
const infoEvents = [
  ...insightEvents,
  'lens',
  'run',
  'trigger',
  'observer',
  'model:fell-back',
  'journal:write-failed',
  'journal:run-interrupted',
]

const patterns: Record<LogLevel, readonly string[]> = {
  silent: [],
  insights: insightEvents,
  info: infoEvents,
  debug: ['*'],
}

function logTo(level: LogLevel, say: (line: string) => void): void {
  for (const pattern of patterns[level]) {
    telemetry.subscribe(pattern, ({ name, data }: TelemetryEvent) => {
      // a line for people says what was found; the whole of it is in the insights file
      const told = level === 'debug' ? data : { ...data, insight: undefined }
      say(`${name.slice('nodelens:'.length)} ${JSON.stringify(told)}`)
    })
  }
}
