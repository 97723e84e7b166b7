// run alone: four services learn their own latency, which a full machine changes
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const APP = fileURLToPath(
  new URL(`../fixtures/skills/anomaly-app${extname(import.meta.url)}`, import.meta.url),
)
/** A short life: readings of two seconds, eight to learn, and no days to wait for. */
const ANOMALY = {
  intervalMs: 2000,
  learnMs: 16_000,
  warmUpMs: 3000,
  matureMs: 0,
  stateDir: false,
}
/** What changes here is far beyond what a crowded machine does, and must be seen there too. */
const STARVED = { ...ANOMALY, starvedPct: 100 }
const LIMIT_MS = 150_000
/** Answers of the healthy service, one a second; after half of them it is learned. */
const HEALTHY_ANSWERS = 45

interface Line {
  readonly asked?: string
  readonly value?: readonly Readonly<Record<string, unknown>>[]
  readonly signal?: {
    readonly type: string
    readonly skill?: string
    readonly reason?: string
    readonly why?: string
  }
}

interface Seen {
  /** The reason that the skill raised, if it raised one. */
  readonly reason: string | undefined
  /** Why it raised nothing although it could have. */
  readonly held: string | undefined
  /** What it says then. */
  readonly observation: string | undefined
}

/** Runs a scenario: it changes when a metric is learned; ends with the symptom, or after enough answers. */
function watchFor(scenario: string, metric: string): Promise<Seen> {
  const child = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      APP,
      scenario,
      JSON.stringify({ anomaly: scenario === 'healthy' ? ANOMALY : STARVED }),
    ],
    { stdio: ['pipe', 'pipe', 'ignore'], timeout: LIMIT_MS, killSignal: 'SIGKILL' },
  )
  return new Promise((resolve, reject) => {
    let isChanged = false
    let seconds = 0
    let reason: string | undefined
    let held: string | undefined
    const end = (observation?: string): void => {
      resolve({ reason, held, observation })
      child.kill('SIGKILL')
    }
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (!text.startsWith('{')) return
      const { signal, asked, value }: Line = JSON.parse(text)
      if (signal?.type === 'symptom' && signal.skill === 'anomaly') reason ??= signal.reason
      if (signal?.type === 'symptom-held') held ??= signal.why
      const isLearned = value?.some((row) => row['metric'] === metric && row['isLearned'] === true)
      if (asked === 'anomaly_metrics' && isLearned === true) {
        if (!isChanged) child.stdin.write('change\n')
        isChanged = true
      }
      if (asked !== 'anomaly_changes') return
      seconds += 1
      const said = value?.[0]?.['observation']
      if ((reason ?? held) !== undefined && typeof said === 'string') end(said)
      if (scenario === 'healthy' && seconds >= HEALTHY_ANSWERS) end()
    })
    child.once('close', () => reject(new Error(`${scenario}: nothing within ${LIMIT_MS} ms`)))
  })
}

describe('anomaly in a running service', () => {
  // side by side: each waits most of the time
  const runs = {
    latency: watchFor('latency', 'http_inP50Ms'),
    errors: watchFor('errors', 'logger_errorsPerSecond'),
    outage: watchFor('outage', 'http_inP50Ms'),
    healthy: watchFor('healthy', 'http_inP50Ms'),
  }
  for (const run of Object.values(runs)) run.catch(() => {})

  it('notices that it has become slower than it was, far below what any skill calls slow', async () => {
    const { reason, observation } = await runs.latency
    assert.match(reason ?? '', /latency of incoming HTTP requests \(http_inP\d\dMs\) rose from/)
    assert.match(observation ?? '', /since \d\d:\d\d:\d\d UTC/)
  })

  it('notices errors in a log that had none', async () => {
    const { reason } = await runs.errors
    assert.match(
      reason ?? '',
      /error lines in the log \(logger_errorsPerSecond\) rose from 0 a second/,
    )
  })

  it('leaves to the skill that owns the metric what that one has raised', async () => {
    const { reason, held, observation } = await runs.outage
    assert.equal(reason, undefined)
    assert.equal(held, 'raised-by-others')
    assert.match(observation ?? '', /latency of incoming HTTP requests/)
  })

  it('is silent while nothing changes', async () => {
    assert.deepEqual(await runs.healthy, {
      reason: undefined,
      held: undefined,
      observation: undefined,
    })
  })
})
