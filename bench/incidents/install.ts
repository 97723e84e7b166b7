import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const installMs = 5 * 60_000

/**
 * Sees to it that a suite's dependencies are there, exactly as its lock names them.
 *
 * @param own Whether they may be installed in the suite's folder; any other folder is copied to a
 * temporary one, which later runs find again by what the lock holds.
 * @returns The folder to run from.
 * @throws {Error} `npm ci` failed; its last lines are in the message.
 */
export function installed(
  folder: string,
  { own, log }: { readonly own: boolean; readonly log: (line: string) => void },
): string {
  if (own && isWritable(folder)) {
    if (!existsSync(join(folder, 'node_modules'))) install(folder, log)
    return folder
  }
  const lock = readFileSync(join(folder, 'package-lock.json'))
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 12)
  const packages = join(tmpdir(), `nodelens-incidents-${digest}`)
  if (!existsSync(packages)) {
    const unfinished = `${packages}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    for (const file of ['package.json', 'package-lock.json']) {
      cpSync(join(folder, file), join(unfinished, file))
    }
    install(unfinished, log)
    renameSync(unfinished, packages)
  }
  return copyOf(folder, packages)
}

/** A copy for this run, so that what was changed in the suite since the last one is in it. */
function copyOf(folder: string, packages: string): string {
  const copy = join(tmpdir(), `nodelens-incidents-run-${process.pid}`, basename(folder))
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  cpSync(join(folder, 'apps'), join(copy, 'apps'), { recursive: true })
  cpSync(join(folder, 'package.json'), join(copy, 'package.json'))
  symlinkSync(join(packages, 'node_modules'), join(copy, 'node_modules'))
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }))
  return copy
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function install(folder: string, log: (line: string) => void): void {
  log(`npm ci in ${folder}`)
  const { status, stderr, stdout } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    { cwd: folder, encoding: 'utf8', timeout: installMs },
  )
  if (status === 0) return
  const tail = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-5).join('\n')
  throw new Error(`npm ci in ${folder} failed (exit code ${status ?? 'none'}):\n${tail}`)
}
