import { spawn } from 'node:child_process'
import type { TestEvent } from './event-reporter.ts'
import { killGroup, waitForEmptyGroup } from './process-group.ts'
import { projectRoot, siblingUrl } from './project.ts'

/** How long helpers of a test that has ended may take to end too. */
const orphanGraceMs = 3_000

/** What came of one test file. */
export interface FileResult {
  readonly file: string
  readonly passed: number
  readonly durationMs: number
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[]
  readonly failures: readonly { readonly name: string; readonly error: string }[]
  /** What the tests printed; shown only when something failed. */
  readonly output: string
}

/**
 * Runs one test file with Node's test runner in a process group of its own.
 *
 * The group is killed when `limitMs` is over. Node's own `--test-timeout` is not enough: from
 * Node 22 on, a file whose tests are all done but which holds a handle runs for ever.
 */
export async function runTestFile(file: string, limitMs: number): Promise<FileResult> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, runnerArguments(file, limitMs), {
    cwd: projectRoot,
    env: environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  let isOverTime = false
  const timer = setTimeout(() => {
    isOverTime = true
    if (child.pid !== undefined) killGroup(child.pid)
  }, limitMs)
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'))
  })
  clearTimeout(timer)
  const leftProcesses = isOverTime ? [] : await membersAfter(child.pid)
  const result = readEvents(file, out, err, performance.now() - startedAt)
  return withVerdict(result, { code, limitMs, isOverTime, leftProcesses })
}

function runnerArguments(file: string, limitMs: number): string[] {
  return [
    '--enable-source-maps',
    '--test',
    `--test-timeout=${limitMs}`,
    `--test-reporter=${siblingUrl('event-reporter')}`,
    '--test-reporter-destination=stdout',
    file,
  ]
}

function environment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _nested, ...rest } = process.env
  return rest
}

async function membersAfter(group: number | undefined): Promise<readonly string[]> {
  if (group === undefined) return []
  const left = await waitForEmptyGroup(group, orphanGraceMs)
  if (left.length > 0) killGroup(group)
  return left
}

function readEvents(file: string, out: string, err: string, durationMs: number): FileResult {
  let passed = 0
  let output = err
  const leftOut: { name: string; reason: string }[] = []
  const failures: { name: string; error: string }[] = []
  for (const line of out.split('\n')) {
    const event = parseEvent(line)
    if (event === undefined) {
      if (line !== '') output += `${line}\n`
      continue
    }
    if (event.type === 'output') {
      output += event.text
      continue
    }
    if (event.type === 'failed') {
      if (!event.isSuite) {
        const at = event.at === undefined ? '' : ` (${event.at})`
        failures.push({ name: `${event.name}${at}`, error: event.error })
      }
    } else if (event.leftOut !== undefined) {
      leftOut.push({ name: event.name, reason: event.leftOut })
    } else if (!event.isSuite) passed += 1
  }
  return { file, passed, durationMs, leftOut, failures, output }
}

function parseEvent(line: string): TestEvent | undefined {
  if (!line.startsWith('{"type":"')) return undefined
  try {
    return JSON.parse(line) as TestEvent
  } catch {
    return undefined
  }
}

interface Ending {
  readonly code: number | string
  readonly limitMs: number
  readonly isOverTime: boolean
  readonly leftProcesses: readonly string[]
}

/** Adds the failures that no single test reports: out of time, a bad exit, nothing run, orphans. */
function withVerdict(result: FileResult, ending: Ending): FileResult {
  const extra: { name: string; error: string }[] = []
  if (ending.isOverTime) {
    extra.push({
      name: '(the file)',
      error: `did not end within ${ending.limitMs} ms and was killed: a test waits without a bound, or a handle is left`,
    })
  } else if (ending.leftProcesses.length > 0) {
    extra.push({
      name: '(the file)',
      error: `left child processes behind, now killed: ${ending.leftProcesses.join(', ')}`,
    })
  } else if (ending.code !== 0 && result.failures.length === 0) {
    extra.push({ name: '(the file)', error: `ended with ${ending.code} and no failed test` })
  }
  if (extra.length === 0 && result.passed + result.leftOut.length + result.failures.length === 0) {
    extra.push({ name: '(the file)', error: 'registers no test' })
  }
  return { ...result, failures: [...result.failures, ...extra] }
}
