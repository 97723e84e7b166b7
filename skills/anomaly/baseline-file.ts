import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BaselineOwner, parseBaselines, renderBaselines } from './baseline-text.ts'
import type { SavedDetector } from './detector.ts'

/** A larger file is none of ours. */
const MOST_BYTES = 8 * 1_048_576
/** Applications that are remembered in one folder; the one that was silent longest makes room. */
const MOST_FILES = 50
const OUR_FILES = /^anomaly-[0-9a-f]{16}\.json(?:\.[0-9]+\.tmp)?$/

/** What went wrong with the file; learning goes on without it. */
export interface BaselineProblem {
  readonly why: 'baselines-ignored' | 'baselines-not-written'
  readonly message: string
}

/** Where what was learned outlives the process. */
export class BaselineFile {
  readonly path: string
  readonly #folder: string
  readonly #owner: BaselineOwner
  readonly #onProblem: (problem: BaselineProblem) => void
  #hasFailed = false

  /** @param folder Undefined: a folder of this user below the system's folder for temporary files. */
  constructor(
    folder: string | undefined,
    owner: BaselineOwner,
    onProblem: (problem: BaselineProblem) => void,
  ) {
    const key = createHash('sha256').update(owner.application).digest('hex').slice(0, 16)
    this.#folder = folder ?? join(tmpdir(), `nodelens-${process.getuid?.() ?? 'user'}`)
    this.path = join(this.#folder, `anomaly-${key}.json`)
    this.#owner = owner
    this.#onProblem = onProblem
  }

  /** What was learned before; undefined when there is nothing, or nothing that can be used. */
  load(): SavedDetector | undefined {
    try {
      const { size } = statSync(this.path)
      if (size > MOST_BYTES) return this.#ignore(`larger than ${MOST_BYTES} bytes`)
      this.#checkFolder()
      const parsed = parseBaselines(readFileSync(this.path, 'utf8'), this.#owner)
      return parsed.ok ? parsed.saved : this.#ignore(parsed.problem)
    } catch (error) {
      return isMissing(error) ? undefined : this.#ignore(messageOf(error))
    }
  }

  /** Writes all of it beside the file and then puts it in its place: a reader never sees half of it. */
  save(saved: SavedDetector): void {
    const draft = `${this.path}.${process.pid}.tmp`
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      this.#checkFolder()
      rmSync(draft, { force: true })
      writeFileSync(draft, renderBaselines(saved, this.#owner), { mode: 0o600, flag: 'wx' })
      renameSync(draft, this.path)
      this.#makeRoom()
      this.#hasFailed = false
    } catch (error) {
      this.#removeDraft(draft)
      if (this.#hasFailed) return
      this.#hasFailed = true
      this.#onProblem({
        why: 'baselines-not-written',
        message: `${this.path}: ${messageOf(error)}`,
      })
    }
  }

  #removeDraft(draft: string): void {
    try {
      rmSync(draft, { force: true })
    } catch {
      // There is not even a folder.
    }
  }

  /** In a folder for temporary files anybody may have made one of that name, or a link. */
  #checkFolder(): void {
    const { uid } = lstatSync(this.#folder)
    const own = process.getuid?.()
    if (own !== undefined && uid !== own) throw new Error(`${this.#folder} belongs to another user`)
  }

  #makeRoom(): void {
    const files = readdirSync(this.#folder)
      .filter((name) => OUR_FILES.test(name))
      .map((name) => join(this.#folder, name))
    if (files.length <= MOST_FILES) return
    const byAge = files
      .map((path) => ({ path, at: statSync(path).mtimeMs }))
      .sort((left, right) => left.at - right.at)
    for (const { path } of byAge.slice(0, files.length - MOST_FILES)) rmSync(path, { force: true })
  }

  #ignore(problem: string): undefined {
    this.#onProblem({ why: 'baselines-ignored', message: `${this.path}: ${problem}` })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
