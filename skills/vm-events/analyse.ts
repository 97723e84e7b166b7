import type { Location } from '../contract.ts'
import { ANONYMOUS, type Frame, frameText } from '../source/frame.ts'
import type { SourceFiles } from '../source/source-files.ts'
import { classifyWork, patternNear, type Work } from './classify.ts'
import { type HeapFill, heapFillOf } from './heap-fill.ts'
import {
  type Culprit,
  isStarved,
  type StallEvidence,
  type StallKind,
  type TimedSample,
} from './stall.ts'

/** A function counts as the culprit when it is on the stack for this share of the time. */
const CULPRIT_SHARE = 0.6
/** A loop that still runs after this, in one and the same function call chain, may be endless. */
const ENDLESS_AFTER_MS = 3000

interface Place {
  readonly key: string
  readonly name: string
  readonly frame: Frame
}

interface Look {
  readonly weightMs: number
  readonly frames: readonly Frame[]
  /** Places of the application, innermost first. */
  readonly places: readonly Place[]
  readonly work: Work
}

/** Works out who held the loop, from the looks that were taken and what the kernel says. */
export function analyseStall(evidence: StallEvidence, files: SourceFiles): Culprit {
  const looks = evidence.samples
    .filter((timed) => timed.sample.frames.length > 0)
    .map((timed) => lookAt(timed, files))
  const total = sum(evidence.samples.map((timed) => timed.weightMs))
  const chosen = chooseCulprit(looks, total)
  if (chosen === undefined) return withoutStack(evidence, files)
  const inside = looks.filter((look) => look.places.some((place) => place.key === chosen.key))
  const share = sum(inside.map((look) => look.weightMs)) / Math.max(total, 1)
  const work = dominantWork(inside)
  const heap = heapFillOf(evidence.samples, evidence.heapLimitBytes ?? Number.POSITIVE_INFINITY)
  const kind = kindOf(evidence, inside, work, heap)
  const line = heaviestLine(inside, chosen.key)
  const place = files.original(line)
  const inPackage = packageOf(inside, files)
  const leaf = inside[0]?.frames.find(
    (frame) => frame.origin !== 'node' && frame.origin !== 'native',
  )
  const patternAt = inPackage?.frame ?? leaf ?? line
  const pattern = kind === 'regex' ? patternNear(patternAt.file, patternAt.line, files) : undefined
  return {
    kind,
    confidence: confidenceOf(evidence, inside.length, share, work, kind),
    location: locationOf(place, chosen, inPackage?.label),
    ...(inPackage === undefined ? {} : { packageFunction: inPackage.frame.function }),
    ...(work.detail === undefined ? {} : { detail: work.detail }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(heap === undefined ? {} : { heap }),
    sourceLine: files.line(place.file, place.line).trim().slice(0, 200),
    samples: looks.length,
    sharePct: Math.round(share * 100),
    stack: (inside[0]?.frames ?? []).slice(0, 12).map(frameText),
  }
}

function lookAt(timed: TimedSample, files: SourceFiles): Look {
  const { frames } = timed.sample
  const wanted = frames.some((frame) => frame.origin === 'app') ? 'app' : 'package'
  const places = frames
    .filter((frame) => frame.origin === wanted)
    .map((frame): Place => {
      const name = nameOf(frame, files)
      return { key: `${frame.file}\n${name}`, name, frame }
    })
  return { weightMs: timed.weightMs, frames, places, work: classifyWork(frames, files) }
}

/** An anonymous function carries the name of the one that its author wrote it in. */
function nameOf(frame: Frame, files: SourceFiles): string {
  if (frame.function !== ANONYMOUS) return frame.function
  return files.functionAt(frame.file, frame.line, frame.column) ?? ANONYMOUS
}

/**
 * The innermost function of the application that is on the stack for most of the time.
 *
 * Not simply the top one: a loop that calls three helpers is the loop's fault, and each helper
 * alone has a third of the looks.
 */
function chooseCulprit(looks: readonly Look[], total: number): Place | undefined {
  const weights = new Map<string, { place: Place; weightMs: number; depth: number }>()
  for (const look of looks) {
    const seen = new Set<string>()
    look.places.forEach((place, index) => {
      if (seen.has(place.key)) return
      seen.add(place.key)
      const entry = weights.get(place.key) ?? { place, weightMs: 0, depth: 0 }
      entry.weightMs += look.weightMs
      entry.depth += look.weightMs * index
      weights.set(place.key, entry)
    })
  }
  const ranked = [...weights.values()].sort((left, right) => right.weightMs - left.weightMs)
  const enough = ranked.filter((entry) => entry.weightMs >= total * CULPRIT_SHARE)
  const candidates = enough.length > 0 ? enough : ranked.slice(0, 1)
  candidates.sort((left, right) => left.depth / left.weightMs - right.depth / right.weightMs)
  return candidates[0]?.place
}

function dominantWork(looks: readonly Look[]): Work {
  const byKind = new Map<StallKind, { work: Work; weightMs: number }>()
  for (const look of looks) {
    const entry = byKind.get(look.work.kind) ?? { work: look.work, weightMs: 0 }
    byKind.set(look.work.kind, {
      work: entry.work.isCertain ? entry.work : look.work,
      weightMs: entry.weightMs + look.weightMs,
    })
  }
  const [first] = [...byKind.values()].sort((left, right) => right.weightMs - left.weightMs)
  const share = (first?.weightMs ?? 0) / Math.max(sum(looks.map((look) => look.weightMs)), 1)
  if (first === undefined || share < CULPRIT_SHARE) return { kind: 'cpu', isCertain: false }
  return first.work.kind === 'regex' && !first.work.isCertain && share < 0.9
    ? { kind: 'cpu', isCertain: false }
    : first.work
}

function kindOf(
  evidence: StallEvidence,
  inside: readonly Look[],
  work: Work,
  heap: HeapFill | undefined,
): StallKind {
  if (isStarved(evidence)) return 'starved'
  if (heap !== undefined) return 'heap'
  if (evidence.gcMs > evidence.durationMs * 0.6) return 'gc'
  if (areMicrotasks(evidence.samples)) return 'microtasks'
  if (work.kind !== 'cpu') return work.kind
  const chains = new Set(inside.map((look) => look.places.map((place) => place.key).join('\n')))
  const isEndless = evidence.ongoing && evidence.durationMs >= ENDLESS_AFTER_MS && chains.size <= 2
  return isEndless ? 'infinite-loop?' : 'cpu'
}

/** Promise continuations or next ticks follow each other without end, although each is short. */
export function areMicrotasks(samples: readonly TimedSample[]): boolean {
  return isMostly(ownTasksRan(samples)) || isMostly(ticksChanged(samples))
}

/**
 * Our own microtask or next tick, queued at each look, had run by the next one although the loop
 * stood still: the queue is being drained and refilled.
 */
function ownTasksRan(samples: readonly TimedSample[]): boolean[] {
  return samples.slice(1).flatMap((timed, index) => {
    const before = samples[index]?.sample
    if (before === undefined) return []
    return [timed.sample.ticks.some((count, which) => count > (before.ticks[which] ?? count))]
  })
}

/** Each look found another next tick at work: most looks land where no task can be queued. */
function ticksChanged(samples: readonly TimedSample[]): boolean[] {
  const ids = samples.flatMap(({ sample: { frames, asyncId } }) =>
    // 0: between two of them, or a microtask
    frames.at(-1)?.function === 'processTicksAndRejections' && asyncId !== 0 ? [asyncId] : [],
  )
  return ids.slice(1).map((id, index) => id !== ids[index])
}

function isMostly(pairs: readonly boolean[]): boolean {
  return pairs.length >= 4 && pairs.filter(Boolean).length >= pairs.length * 0.8
}

function heaviestLine(looks: readonly Look[], key: string): Frame {
  const byLine = new Map<number, { frame: Frame; weightMs: number }>()
  for (const look of looks) {
    const frame = look.places.find((place) => place.key === key)?.frame
    if (frame === undefined) continue
    const entry = byLine.get(frame.line) ?? { frame, weightMs: 0 }
    byLine.set(frame.line, { frame, weightMs: entry.weightMs + look.weightMs })
  }
  const [first] = [...byLine.values()].sort((left, right) => right.weightMs - left.weightMs)
  return first?.frame ?? { function: '', file: '', line: 0, column: 0, origin: 'app' }
}

/** The package in which the innermost frames of most looks lie. */
function packageOf(
  looks: readonly Look[],
  files: SourceFiles,
): { label: string; frame: Frame } | undefined {
  const found = new Map<string, { frame: Frame; weightMs: number }>()
  for (const look of looks) {
    const leaf = look.frames.find((frame) => frame.origin !== 'node' && frame.origin !== 'native')
    const name = leaf?.origin === 'package' ? files.packageOf(leaf.file) : undefined
    if (leaf === undefined || name === undefined) continue
    const label = `${name.name}@${name.version}`
    const entry = found.get(label) ?? { frame: leaf, weightMs: 0 }
    found.set(label, { frame: entry.frame, weightMs: entry.weightMs + look.weightMs })
  }
  const [first] = [...found].sort((left, right) => right[1].weightMs - left[1].weightMs)
  const total = sum(looks.map((look) => look.weightMs))
  return first !== undefined && first[1].weightMs >= total / 2
    ? { label: first[0], frame: first[1].frame }
    : undefined
}

function locationOf(
  place: { file: string; line: number },
  chosen: Place,
  label: string | undefined,
): Location {
  return {
    file: place.file,
    line: place.line,
    function: chosen.name,
    ...(label === undefined ? {} : { package: label }),
  }
}

function confidenceOf(
  evidence: StallEvidence,
  looks: number,
  share: number,
  work: Work,
  kind: StallKind,
): Culprit['confidence'] {
  if (kind === 'starved' || kind === 'gc' || share < 0.5) return 'low'
  if (kind === 'infinite-loop?') return 'medium'
  const covered = sum(evidence.samples.map((timed) => timed.weightMs)) >= evidence.durationMs * 0.6
  if (share >= 0.8 && covered && (looks >= 5 || work.isCertain)) return 'high'
  return looks >= 2 ? 'medium' : 'low'
}

/** No look had a stack: the profiler's line if there is one, else what the kernel says. */
function withoutStack(evidence: StallEvidence, files: SourceFiles): Culprit {
  const { profile } = evidence
  const common = { samples: 0, stack: [] }
  if (isStarved(evidence)) return { ...common, kind: 'starved', confidence: 'low', sharePct: 0 }
  if (evidence.gcMs > evidence.durationMs * 0.6)
    return { ...common, kind: 'gc', confidence: 'medium', sharePct: 0 }
  const kind = areMicrotasks(evidence.samples) ? 'microtasks' : 'unknown'
  if (profile === undefined) return { ...common, kind, confidence: 'low', sharePct: 0 }
  const place = files.original({ ...profile, column: 1 })
  return {
    ...common,
    kind: kind === 'unknown' ? 'cpu' : kind,
    confidence: profile.sharePct >= 50 ? 'medium' : 'low',
    location: { ...place, function: profile.function },
    sourceLine: files.line(place.file, place.line).trim().slice(0, 200),
    sharePct: profile.sharePct,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
