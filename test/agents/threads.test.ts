import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Insight } from '../../agents/vocabulary/insight.ts'
import { type Ended, linesOf, modulePath, runProgram } from './support/run-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-threads-'))
after(() => rmSync(folder, { recursive: true }))
const register = pathToFileURL(modulePath(import.meta, '../../agents/register')).href

interface Told {
  readonly ended: Ended
  readonly insights: readonly Insight[]
}

/** Runs an application until it has been told of, or to its end. */
async function run(
  name: string,
  { isRegistered = true, args = [] as string[] } = {},
): Promise<Told> {
  const file = join(folder, `${name}.jsonl`)
  const app = modulePath(import.meta, `../fixtures/threads/${name}`)
  const load = isRegistered ? ['--import', register] : []
  const ended = await runProgram(['--enable-source-maps', ...load, app, ...args], {
    env: { NODELENS_INSIGHTS_FILE: file },
    timeoutMs: 90_000,
  })
  const insights = existsSync(file) ? linesOf<Insight>(readFileSync(file, 'utf8')) : []
  return { ended, insights }
}

const sourceLine = (file: string, text: string): number => {
  const path = modulePath(import.meta, `../fixtures/threads/${file}`)
    .replace('/dist/', '/')
    .replace(/\.js$/, '.ts')
  return (
    readFileSync(path, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1
  )
}

describe("the application's own threads", () => {
  it('a worker in an endless regular expression is named, with function, line and pattern', async () => {
    const { insights, ended } = await run('slug-app')
    const [insight] = insights
    assert.equal(insight?.location?.function, 'isSlug', ended.stderr)
    assert.match(insight.location.file, /slug-worker\.ts$/)
    assert.equal(insight.location.line, sourceLine('slug-worker', 'return SLUG.test'))
    assert.match(insight.summary, /worker thread \d+ "slugs-\d"/)
    assert.match(insight.rootCauseHypothesis ?? '', /catastrophic backtracking.*\[a-z0-9\]/)
    assert.equal(insights.length, 1)
    assert.equal(ended.stderr, '')
  })

  it('a pool whose worker leaks is named, with what grows and who adds to it', async () => {
    const { insights, ended } = await run('thumbnail-app')
    const [insight] = insights
    assert.equal(insight?.location?.function, 'renderThumbnail', ended.stderr)
    // Who adds is known by its function: the line is that of the statement, or of the function's head.
    assert.ok(Math.abs(insight.location.line - sourceLine('thumbnail-worker', 'rendered.set')) <= 1)
    assert.match(insight.summary, /heap of the worker thread \d+ .* grows from \d+ to \d+ MB/)
    assert.match(insight.rootCauseHypothesis ?? '', /Memory leak: rendered/)
    assert.equal(insights.length, 1)
  })

  it('a worker that dies of its error is named, with the place that threw', async () => {
    const { insights, ended } = await run('crash-app')
    const [insight] = insights
    assert.equal(insight?.location?.function, 'parseRow', ended.stderr)
    assert.equal(insight.location.line, sourceLine('crash-worker', 'throw new RangeError'))
    assert.match(insight.summary, /crashed with "RangeError: no number: seventeen"/)
  })

  it('workers at their work are left alone', async () => {
    const { insights, ended } = await run('busy-app', { args: ['16000'] })
    assert.deepEqual(insights, [])
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, '', ''])
  })

  it('workers that inherited nothing are seen all the same; those of nodelens are none of them', async () => {
    const { insights, ended } = await run('started-app', { isRegistered: false })
    assert.equal(insights[0]?.location?.function, 'isSlug', ended.stderr)
    const [told] = linesOf<{ entries: string[] }>(ended.stdout)
    assert.equal(told?.entries.length, 2)
    for (const entry of told?.entries ?? []) assert.match(entry, /slug-worker/)
    assert.equal(ended.stderr, '')
  })
})
