/** Finds the partition of a key; asks the supervisor for their number only when it may be new. */

import { NoProcess, RuntimeFailure } from './errors.ts'
import type { Kernel } from './kernel.ts'
import { nameOfPartition, partitionOf } from './partition-name.ts'
import { isPid, type Pid } from './pid.ts'
import { type RegistryName, targetText } from './registry-name.ts'

interface Known {
  readonly supervisor: Pid
  /** Of the shared count of resizes, when the number was asked for. */
  readonly resizes: number
  readonly partitions: number
}

const known = new WeakMap<Kernel, Map<string, Known>>()

/** @throws {NoProcess} No such supervisor. {RuntimeFailure} `ERR_NO_PARTITIONS`: resized to none. */
export async function lookUpPartition(
  kernel: Kernel,
  { registry, key }: RegistryName,
  ask: (supervisor: Pid | string | RegistryName) => Promise<unknown>,
): Promise<Pid | undefined> {
  const partitions = countKnown(kernel, registry) ?? (await countAsked(kernel, registry, ask))
  if (partitions === 0) throw noPartitions(targetText(registry))
  return kernel.names.lookup(nameOfPartition(registry, partitionOf(key, partitions)))
}

function countKnown(kernel: Kernel, supervisor: RegistryName['registry']): number | undefined {
  if (typeof supervisor !== 'string') return undefined
  const entry = known.get(kernel)?.get(supervisor)
  if (entry?.resizes !== kernel.shared.resizes) return undefined
  const pid = isPid(supervisor) ? supervisor : kernel.names.lookup(supervisor)
  return entry.supervisor === pid ? entry.partitions : undefined
}

async function countAsked(
  kernel: Kernel,
  supervisor: RegistryName['registry'],
  ask: (supervisor: Pid | string | RegistryName) => Promise<unknown>,
): Promise<number> {
  const { resizes } = kernel.shared
  const partitions = await ask(supervisor)
  if (typeof partitions !== 'number') throw new NoProcess(targetText(supervisor))
  if (typeof supervisor !== 'string') return partitions
  const pid = isPid(supervisor) ? supervisor : kernel.names.lookup(supervisor)
  const entries = known.get(kernel) ?? new Map<string, Known>()
  known.set(kernel, entries)
  if (pid) entries.set(supervisor, { supervisor: pid, resizes, partitions })
  return partitions
}

function noPartitions(name: string): RuntimeFailure {
  return new RuntimeFailure(
    'ERR_NO_PARTITIONS',
    `The partition supervisor ${name} was resized to 0 partitions; resize it to at least 1.`,
  )
}
