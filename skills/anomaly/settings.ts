import type { BaselineStore } from './baseline-store.ts'
import { type AnomalyOptions, DEFAULT_OPTIONS } from './options.ts'

/** How the skill `anomaly` is set up. */
export interface AnomalySettings extends Partial<AnomalyOptions> {
  /** Path of the application's entry script: what was learned belongs to it. Default: the working directory. */
  readonly application?: string
  /**
   * Folder in which what was learned outlives the process. Default: `NODELENS_STATE_DIR` of the environment, else
   * `nodelens-<user id>` in the system's folder for temporary files; false (or `off`): nothing is kept.
   */
  readonly stateDir?: string | false
  /** Where what was learned outlives the process instead, if `stateDir` does not say otherwise. */
  readonly store?: BaselineStore
}

/** Numbers, and their least and most. */
const BOUNDS: Readonly<Record<keyof AnomalyOptions, readonly [number, number]>> = {
  intervalMs: [1000, 600_000],
  learnMs: [5000, 86_400_000],
  warmUpMs: [0, 86_400_000],
  halfLifeMs: [60_000, 30 * 86_400_000],
  matureMs: [0, 30 * 86_400_000],
  cooldownMs: [0, 86_400_000],
  maxTriggersPerHour: [0, 60],
  starvedPct: [0, 100],
}

/**
 * Checks the settings and fills in the defaults.
 *
 * @throws {TypeError} An unknown key, or a value of the wrong type.
 * @throws {RangeError} A number out of its bounds.
 */
export function anomalyOptionsOf(settings: AnomalySettings): AnomalyOptions {
  const known = [...Object.keys(BOUNDS), 'application', 'stateDir', 'store']
  for (const key of Object.keys(settings)) {
    if (!known.includes(key))
      throw new TypeError(`anomaly: unknown option '${key}'; expected ${known.join(', ')}`)
  }
  const options = { ...DEFAULT_OPTIONS }
  for (const [key, [least, most]] of entriesOf(BOUNDS)) {
    const value: unknown = settings[key]
    if (value === undefined) continue
    if (typeof value !== 'number' || !(value >= least && value <= most))
      throw new RangeError(`anomaly: ${key} must be a number from ${least} to ${most}`)
    options[key] = value
  }
  return options
}

/** The folder to use: undefined for the default one, false for none. */
export function stateFolderOf({ stateDir }: AnomalySettings): string | false | undefined {
  const wanted = stateDir ?? process.env['NODELENS_STATE_DIR']
  return wanted === 'off' ? false : wanted === '' ? undefined : wanted
}

function entriesOf<Key extends string, Value>(
  record: Readonly<Record<Key, Value>>,
): (readonly [Key, Value])[] {
  const isKey = (key: string): key is Key => Object.hasOwn(record, key)
  return Object.keys(record)
    .filter(isKey)
    .map((key) => [key, record[key]] as const)
}
