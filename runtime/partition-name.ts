/** Which partition a key belongs to, and under what name it is found. Pure. */

import type { Pid } from './pid.ts'
import { keyIdentity, type RegistryName, targetText } from './registry-name.ts'

/** The name of one partition; the runtime's own table has it, so that finding it asks nobody. */
export function nameOfPartition(supervisor: Pid | string | RegistryName, index: number): string {
  return `${targetText(supervisor)}/${index}`
}

/**
 * The partition of a key: a whole number by its absolute value, as in Elixir; anything else by a
 * hash of what it is (FNV-1a, Fowler, Noll, Vo; not Erlang's `phash2`).
 *
 * @throws {TypeError} Not plain data.
 */
export function partitionOf(key: unknown, partitions: number): number {
  if (typeof key === 'number' && Number.isInteger(key)) return Math.abs(key) % partitions
  if (typeof key === 'bigint') return Number((key < 0n ? -key : key) % BigInt(partitions))
  return hash(String(keyIdentity(key))) % partitions
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(text, 'utf8')) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}
