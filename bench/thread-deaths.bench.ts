import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Bench, Measurement } from './measurement.ts'

const run = promisify(execFile)
const PATIENCE_MS = 240_000

export const threadDeaths: Bench = {
  name: 'thread-deaths',
  question: 'How long does it take from the death of a thread to the first answer of the next?',
  baseline: 'Worker',
  run: async ({ smoke, log }) => {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    const program = fileURLToPath(new URL(`./fixtures/deaths${extension}`, import.meta.url))
    const args = [program, ...(smoke ? ['1', '50'] : ['5', '300'])]
    const { stdout } = await run(process.execPath, args, { timeout: PATIENCE_MS })
    log(stdout.trim())
    const readings: unknown = JSON.parse(stdout)
    return Object.entries(Object(readings)).map(([key, values]): Measurement => {
      const [metric = '', unit = '', variant = ''] = key.split('|')
      return { metric, unit, variant, readings: Array.isArray(values) ? values.map(Number) : [] }
    })
  },
}
