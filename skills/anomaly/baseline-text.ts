import * as v from 'valibot'
import { parseJson } from '../json.ts'
import type { SavedDetector } from './detector.ts'
import type { PastExcursion } from './excursion-book.ts'
import { MOST_METRICS } from './options.ts'
import type { SavedTrack } from './track.ts'

/** Tells our files from others; the version changes when an old file can no longer be understood. */
const FORMAT = 'nodelens anomaly baselines'
const VERSION = 1

const time = v.pipe(v.number(), v.finite(), v.minValue(0))
const count = v.pipe(v.number(), v.finite())
const whole = v.pipe(v.number(), v.integer())
const list = <Item extends v.GenericSchema>(item: Item, most: number): ListSchema<Item> =>
  v.pipe(v.array(item), v.maxLength(most))
type ListSchema<Item extends v.GenericSchema> = v.SchemaWithPipe<
  readonly [
    v.ArraySchema<Item, undefined>,
    v.MaxLengthAction<v.InferOutput<Item>[], number, undefined>,
  ]
>

const idSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(200))
const pastSchema = list(v.strictTuple([time, count, count, v.picklist([0, 1])]), 12)
const trackSchema = v.strictObject({
  id: idSchema,
  firstAt: time,
  sketch: v.strictObject({ at: time, bins: list(whole, 160), weights: list(count, 160) }),
  season: v.strictObject({ days: list(whole, 8), hours: v.pipe(v.string(), v.maxLength(2000)) }),
  up: pastSchema,
  down: pastSchema,
})
const fileSchema = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  application: v.string(),
  intervalMs: time,
  savedAt: time,
  deployedAt: time,
  fingerprint: v.pipe(v.string(), v.maxLength(200)),
  counters: list(idSchema, MOST_METRICS),
  tracks: list(trackSchema, MOST_METRICS),
})

/** Whose baselines they are: those of another application or pace are of no use. */
export interface BaselineOwner {
  /** Path of the application's entry. */
  readonly application: string
  readonly intervalMs: number
}

export type ParsedBaselines =
  | { readonly ok: true; readonly saved: SavedDetector }
  | { readonly ok: false; readonly problem: string }

/** What was learned, as the text of a file: JSON, about 3 KB a metric. */
export function renderBaselines(saved: SavedDetector, owner: BaselineOwner): string {
  const { tracks, ...rest } = saved
  const file: v.InferOutput<typeof fileSchema> = {
    format: FORMAT,
    version: VERSION,
    ...owner,
    ...rest,
    counters: [...rest.counters],
    tracks: tracks.map(({ sketch, season, up, down, ...track }) => ({
      ...track,
      sketch: { at: sketch.at, bins: [...sketch.bins], weights: [...sketch.weights] },
      season: { days: [...season.days], hours: season.hours },
      up: up.map(tupleOf),
      down: down.map(tupleOf),
    })),
  }
  return JSON.stringify(file)
}

/** Reads such a text; anything else is refused with what is wrong with it. */
export function parseBaselines(text: string, owner: BaselineOwner): ParsedBaselines {
  const refuse = (problem: string): ParsedBaselines => ({ ok: false, problem })
  try {
    const parsed = v.safeParse(fileSchema, parseJson(text))
    if (!parsed.success) return refuse(`not understood: ${issueText(parsed.issues)}`)
    const { application, intervalMs, tracks, ...rest } = parsed.output
    if (application !== owner.application) return refuse(`of another application: ${application}`)
    if (intervalMs !== owner.intervalMs) return refuse(`learned in steps of ${intervalMs} ms`)
    const { savedAt, deployedAt, fingerprint, counters } = rest
    return {
      ok: true,
      saved: { savedAt, deployedAt, fingerprint, counters, tracks: tracks.map(trackOf) },
    }
  } catch (error) {
    return refuse(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function trackOf({ up, down, ...track }: v.InferOutput<typeof trackSchema>): SavedTrack {
  return { ...track, up: up.map(pastOf), down: down.map(pastOf) }
}

function tupleOf({
  endedAt,
  peak,
  farthest,
  told,
}: PastExcursion): [number, number, number, 0 | 1] {
  return [endedAt, Number(peak.toFixed(1)), Number(farthest.toFixed(3)), told ? 1 : 0]
}

function pastOf([endedAt, peak, farthest, told]: [number, number, number, 0 | 1]): PastExcursion {
  return { endedAt, peak, farthest, told: told === 1 }
}

function issueText(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => `${v.getDotPath(issue) ?? 'file'}: ${issue.message}`)
    .join('; ')
    .slice(0, 300)
}
