/**
 * The demonstration: `npm start`, or `npm start -- --keep` to look around afterwards.
 *
 * Three processes: the shop with nodelens in it, the load generator, and this one, which switches
 * the faults on and prints what nodelens finds. This one never relies on the shop's event loop,
 * because that is what stands still; it reads the insights from the file that nodelens writes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Demo, type Finding } from './demo.ts'
import { scenarios } from './scenarios.ts'
import { duration, styleFor } from './terminal.ts'

const { keep } = readOptions()
const style = styleFor(process.stdout, process.env)
const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort())

const scratch = mkdtempSync(join(tmpdir(), 'nodelens-shop-'))
const demo = new Demo({
  hostPath: sibling('host'),
  loadPath: sibling('load'),
  insightsPath: join(scratch, 'insights.jsonl'),
  scenarios,
  crashSkill: 'vm',
  baselineMs: 4_000,
  symptomMs: 8_000,
  insightMs: 60_000,
  style,
  signal: interrupt.signal,
  print: (line) => console.log(line),
})

console.log(style.bold('nodelens: a shop with faults\n'))
try {
  const findings = await demo.run()
  printResult(findings)
  if (keep) await untilInterrupted()
  const endedByItself = await demo.stop()
  if (!endedByItself) console.log(style.bad('✖ the shop did not end by itself and was killed'))
  process.exitCode = endedByItself && findings.every(({ found }) => found) ? 0 : 1
} catch (error) {
  demo.kill()
  const isInterrupted = interrupt.signal.aborted
  if (!isInterrupted)
    console.error(style.bad(`✖ ${error instanceof Error ? error.message : String(error)}`))
  process.exitCode = isInterrupted ? 130 : 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function readOptions(): { readonly keep: boolean } {
  try {
    return parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}\nnpm start -- [--keep]`,
    )
    return process.exit(2)
  }
}

function printResult(findings: readonly Finding[]): void {
  const found = findings.filter((finding) => finding.found).length
  console.log(`\n${style.bold(`${found} of ${findings.length} found`)}`)
  for (const { title, found: isFound, tookMs } of findings) {
    const mark = isFound ? style.good('✔') : style.bad('✖')
    console.log(`  ${mark} ${title.padEnd(44)} ${duration(tookMs)}`)
  }
}

function untilInterrupted(): Promise<void> {
  console.log(style.faint('\n--keep: the shop goes on; Ctrl-C ends it'))
  return new Promise((resolve) => {
    // The child processes keep this one alive.
    interrupt.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A module beside this one, as source or as build, whichever this is. */
function sibling(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`./${name}${extension}`, import.meta.url))
}
