import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'

/** The file system of a folder. */
export interface Disk {
  readonly folder: string
  readonly totalBytes: number
  /** For a process without privileges. */
  readonly availableBytes: number
  readonly usedPct: number
  /** undefined: the file system has no fixed number of files. */
  readonly filesUsedPct: number | undefined
  readonly isWritable: boolean
}

const EVERY_MS = 10_000

/** Reads one folder's file system. */
export type ReadDisk = (folder: string) => Promise<Disk | undefined>

/**
 * Looks at file systems every ten seconds. It never waits for them: a network file system that hangs costs one call
 * that never ends, and what was known last grows old.
 */
export class DiskWatch {
  readonly #folders: readonly string[]
  readonly #read: ReadDisk
  readonly #known = new Map<string, Disk>()
  readonly #reading = new Set<string>()
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(folders: readonly string[], read: ReadDisk = readDisk) {
    this.#folders = [...new Set(folders)]
    this.#read = read
  }

  tick(now: number): void {
    if (now - this.#askedAt < EVERY_MS) return
    this.#askedAt = now
    for (const folder of this.#folders) void this.#ask(folder)
  }

  /** As they were last read. */
  disks(): Disk[] {
    return [...this.#known.values()]
  }

  async #ask(folder: string): Promise<void> {
    if (this.#reading.has(folder)) return
    this.#reading.add(folder)
    const disk = await this.#read(folder).catch(() => undefined)
    this.#reading.delete(folder)
    if (disk === undefined) this.#known.delete(folder)
    else this.#known.set(folder, disk)
  }
}

async function readDisk(folder: string): Promise<Disk | undefined> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(folder)
  if (blocks <= 0) return undefined
  const used = blocks - bfree
  return {
    folder,
    totalBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    // as df does: what only root may use counts as used up
    usedPct: (100 * used) / Math.max(used + bavail, 1),
    filesUsedPct: files > 0 ? (100 * (files - ffree)) / files : undefined,
    isWritable: await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    ),
  }
}
