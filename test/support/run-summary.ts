import type { FileResult } from './test-file.ts'

/** What a whole run came to; the matrix reads it from the file that `--summary` names. */
export interface RunTotals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly files: number
  readonly durationMs: number
  readonly leftOut: readonly {
    readonly file: string
    readonly name: string
    readonly reason: string
  }[]
  /** One entry per distinct failed test; `times` counts the rounds in which it failed. */
  readonly failures: readonly {
    readonly file: string
    readonly name: string
    readonly times: number
  }[]
}

/** Adds up the results of all files and rounds. */
export function summarise(results: readonly FileResult[], durationMs: number): RunTotals {
  const failures = new Map<string, { file: string; name: string; times: number }>()
  const leftOut = new Map<string, { file: string; name: string; reason: string }>()
  let passed = 0
  let failed = 0
  let skipped = 0
  for (const result of results) {
    passed += result.passed
    failed += result.failures.length
    skipped += result.leftOut.length
    const file = sourceName(result.file)
    for (const { name } of result.failures) {
      const known = failures.get(`${file}\n${name}`)
      failures.set(`${file}\n${name}`, { file, name, times: (known?.times ?? 0) + 1 })
    }
    for (const { name, reason } of result.leftOut)
      leftOut.set(`${file}\n${name}`, { file, name, reason })
  }
  const files = new Set(results.map((result) => result.file)).size
  return {
    passed,
    failed,
    skipped,
    files,
    durationMs,
    leftOut: [...leftOut.values()],
    failures: [...failures.values()],
  }
}

/** One line for a file that passed (none if `quiet`); everything it said for one that failed. */
export function printFile(result: FileResult, quiet: boolean): void {
  const seconds = (result.durationMs / 1000).toFixed(1)
  const name = sourceName(result.file)
  if (result.failures.length === 0) {
    const skipped = result.leftOut.length === 0 ? '' : `, ${result.leftOut.length} left out`
    if (!quiet) console.log(`✔ ${name}  ${result.passed} passed${skipped}  ${seconds} s`)
    return
  }
  console.log(`✖ ${name}  ${result.failures.length} failed, ${result.passed} passed  ${seconds} s`)
  for (const { name: test, error } of result.failures) {
    console.log(indent(`✖ ${test}\n${indent(error)}`))
  }
  if (result.output.trim() !== '') console.log(indent(`output:\n${indent(tail(result.output))}`))
}

/** What was left out and why, what failed, and the closing line with the totals. */
export function printSummary(totals: RunTotals): void {
  if (totals.leftOut.length > 0) {
    console.log('\nleft out:')
    for (const { file, name, reason } of totals.leftOut)
      console.log(`  ${file}: ${name}: ${reason}`)
  }
  if (totals.failures.length > 0) {
    console.log('\nfailed:')
    for (const { file, name, times } of totals.failures) {
      console.log(`  ${file}: ${name}${times > 1 ? ` (${times} times)` : ''}`)
    }
  }
  console.log(
    `\n${totals.files} files in ${(totals.durationMs / 1000).toFixed(1)} s on ${process.version}`,
  )
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
}

const longestOutput = 8_000

function tail(text: string): string {
  return text.length <= longestOutput ? text : `… ${text.slice(-longestOutput)}`
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}

function sourceName(file: string): string {
  return file.replace(/^dist\//, '').replace(/\.js$/, '.ts')
}
