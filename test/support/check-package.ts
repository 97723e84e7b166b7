/**
 * Checks what would be published: `npm run package`.
 *
 * Packs the tarball into a folder of its own, compares its list of files with what must ship, loads
 * each entry of `exports` from it as a stranger would, and hands it to publint and attw. The folder
 * is removed whatever happens.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentsProblems } from './package-contents.ts'
import { projectRoot } from './project.ts'

const scratch = mkdtempSync(join(tmpdir(), 'nodelens-package-'))

function main(): void {
  const tarball = pack()
  step('contents', () => checkContents(tarball))
  step('entries', () => loadEntries(tarball))
  step('publint', () => run(join(projectRoot, 'node_modules/.bin/publint'), [tarball, '--strict']))
  step('attw', () =>
    run(join(projectRoot, 'node_modules/.bin/attw'), [tarball, '--profile', 'esm-only']),
  )
}

function pack(): string {
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', scratch], { quiet: true })
  const name = readdirSync(scratch).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack wrote no tarball')
  return join(scratch, name)
}

function checkContents(tarball: string): void {
  const files = run('tar', ['-tzf', tarball], { quiet: true })
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .map((line) => line.replace(/^package\//, ''))
  const problems = contentsProblems(files, (path) => existsSync(join(projectRoot, path)))
  if (problems.length > 0) throw new Error(problems.join('\n'))
  console.log(`${files.length} files`)
}

/** Installs the tarball beside links to our dependencies and imports each entry. */
function loadEntries(tarball: string): void {
  const consumer = join(scratch, 'consumer')
  const modules = join(consumer, 'node_modules')
  mkdirSync(join(modules, 'nodelens'), { recursive: true })
  run('tar', ['-xzf', tarball, '-C', join(modules, 'nodelens'), '--strip-components=1'], {
    quiet: true,
  })
  const manifest = readManifest()
  for (const dependency of Object.keys(manifest.dependencies)) linkInto(modules, dependency)
  cpSync(join(projectRoot, 'LICENSE'), join(consumer, 'LICENSE'))
  // The entry `register` starts nodelens in whoever imports it: it has a test of its own.
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== './register')
  for (const entry of entries) {
    const specifier = `nodelens${entry.slice(1)}`
    const options = entry.endsWith('.json') ? `, { with: { type: 'json' } }` : ''
    const code = `await import('${specifier}'${options})`
    run(process.execPath, ['--input-type=module', '--no-warnings', '-e', code], { cwd: consumer })
  }
  console.log(`${entries.length} entries load`)
}

function linkInto(modules: string, dependency: string): void {
  const scope = dependency.startsWith('@') ? dependency.split('/')[0] : undefined
  if (scope !== undefined) mkdirSync(join(modules, scope), { recursive: true })
  symlinkSync(join(projectRoot, 'node_modules', dependency), join(modules, dependency), 'dir')
}

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Manifest
}

function step(name: string, work: () => void): void {
  console.log(`── ${name}`)
  work()
}

function run(
  command: string,
  args: readonly string[],
  { quiet = false, cwd = projectRoot }: { readonly quiet?: boolean; readonly cwd?: string } = {},
): string {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (!quiet) process.stdout.write(stdout)
  if (status === 0) return stdout
  const why = error?.message ?? `ended with ${signal ?? status}`
  throw new Error(`${command} ${args.join(' ')} ${why}\n${stdout}${stderr}`)
}

try {
  main()
} catch (error) {
  console.error(`✖ ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
