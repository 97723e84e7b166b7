import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PeerOptions } from '../examples/shop/peer.ts'
import { type BenchSettings, baseline, type Measurement } from './measurement.ts'

export const variants = [baseline, 'on'] as const
export type Variant = (typeof variants)[number]

/** Readings of one round: metric and unit, such as `p50 latency|ms`, to value. */
export type Readings = Readonly<Record<string, number>>

/**
 * Runs the variants in turn, the order reversed every other round, so that whatever else the
 * machine does meanwhile hurts both alike.
 */
export async function alternate(
  rounds: number,
  settings: BenchSettings,
  once: (variant: Variant) => Promise<Readings>,
): Promise<readonly Measurement[]> {
  const collected = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? variants : variants.toReversed()
    for (const variant of order) {
      const readings = await once(variant)
      settings.log(`round ${round + 1} of ${rounds}, ${variant}: ${JSON.stringify(readings)}`)
      collect(collected, readings, variant)
    }
  }
  return measurements(collected)
}

/** Runs one variant so many times. */
export async function repeat(
  rounds: number,
  settings: BenchSettings,
  once: () => Promise<Readings>,
): Promise<readonly Measurement[]> {
  const collected = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1) {
    const readings = await once()
    settings.log(`round ${round + 1} of ${rounds}: ${JSON.stringify(readings)}`)
    collect(collected, readings, 'on')
  }
  return measurements(collected)
}

/**
 * How to start a program with nodelens in it or without. `on` is what a user gets who sets nothing,
 * except that no provider is asked, the observer takes any free port, and files go to `folder`.
 */
export function startOptions(
  variant: Variant,
  settings: BenchSettings,
  folder: string,
): PeerOptions {
  if (variant === baseline) return { env: { NODELENS_INSIGHTS_FILE: undefined } }
  return {
    nodeArgs: ['--import', pathToFileURL(settings.registerPath).href],
    env: {
      NODELENS_MODEL: 'rules',
      NODELENS_OBSERVER: '127.0.0.1:0',
      NODELENS_INSIGHTS_FILE: join(folder, 'insights.jsonl'),
      NODELENS_JOURNAL: join(folder, 'journal'),
    },
  }
}

/** A folder of its own for the time of `work`. */
export async function withFolder<Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'nodelens-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function collect(into: Map<string, number[]>, readings: Readings, variant: string): void {
  for (const [metric, value] of Object.entries(readings)) {
    const key = `${metric}|${variant}`
    into.set(key, [...(into.get(key) ?? []), value])
  }
}

function measurements(collected: ReadonlyMap<string, readonly number[]>): readonly Measurement[] {
  return [...collected].map(([key, readings]) => {
    const [metric = '', unit = '', variant = ''] = key.split('|')
    return { metric, unit, variant, readings }
  })
}
