import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseSettings } from '../../agents/settings.ts'

function withConfig(text: string, run: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'nodelens-settings-'))
  const path = join(folder, 'nodelens.json')
  writeFileSync(path, text)
  try {
    run(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('settings', () => {
  it('are silent and without an observer when nothing is set', () => {
    assert.deepEqual(parseSettings({ PATH: '/bin' }), { ok: true, settings: { log: 'silent' } })
  })

  it('come from the environment', () => {
    const parsed = parseSettings({
      NODELENS_MODEL: 'rules',
      NODELENS_OBSERVER: '127.0.0.1:4680',
      NODELENS_OBSERVER_TOKEN: 'secret',
      NODELENS_INSIGHTS_FILE: '/tmp/insights.jsonl',
      NODELENS_JOURNAL: '/tmp/journal.jsonl',
      NODELENS_SKILLS: 'vm, tables',
      NODELENS_LOG: 'info',
      NODELENS_OPENTELEMETRY: 'on',
    })
    assert.deepEqual(parsed, {
      ok: true,
      settings: {
        model: 'rules',
        observer: { host: '127.0.0.1', port: 4680, token: 'secret' },
        insightsFile: '/tmp/insights.jsonl',
        journal: '/tmp/journal.jsonl',
        skills: ['vm', 'tables'],
        log: 'info',
        openTelemetry: true,
      },
    })
  })

  const observers: [string, unknown][] = [
    ['off', undefined],
    ['4680', { host: '127.0.0.1', port: 4680 }],
    [':4680', { host: '127.0.0.1', port: 4680 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
  ]
  for (const [value, expected] of observers) {
    it(`read NODELENS_OBSERVER=${value}`, () => {
      const parsed = parseSettings({ NODELENS_OBSERVER: value })
      assert.deepEqual(parsed.ok && parsed.settings.observer, expected)
    })
  }

  const mistakes: [Record<string, string>, RegExp][] = [
    [
      { NODELENS_OBSERVER: 'localhost' },
      /NODELENS_OBSERVER: expected 'host:port'.*got "localhost"/,
    ],
    [{ NODELENS_OBSERVER: '127.0.0.1:99999' }, /NODELENS_OBSERVER: expected/],
    [{ NODELENS_SKILLS: 'vm,,tables' }, /NODELENS_SKILLS: expected skill ids/],
    [{ NODELENS_OPENTELEMETRY: 'yes' }, /NODELENS_OPENTELEMETRY: expected on or off; got "yes"/],
    [{ NODELENS_LOG: 'loud' }, /NODELENS_LOG: expected silent, insights, info, debug; got "loud"/],
    [{ NODELENS_MODLE: 'rules' }, /unknown variable NODELENS_MODLE; did you mean NODELENS_MODEL\?/],
    [
      { NODELENS_CONFIG: '/nowhere/nodelens.json' },
      /NODELENS_CONFIG: expected the path of a JSON file/,
    ],
  ]
  for (const [environment, expected] of mistakes) {
    it(`say in one line what is wrong with ${JSON.stringify(environment)}`, () => {
      const parsed = parseSettings(environment)
      assert.ok(!parsed.ok)
      assert.match(parsed.problem, expected)
      assert.ok(!parsed.problem.includes('\n'))
    })
  }

  it('leave variables of other tools alone', () => {
    assert.ok(parseSettings({ NODELENS_PROMETHEUS_EXPORTER: 'on' }).ok)
  })

  it('come from the file that NODELENS_CONFIG names, the environment wins', () => {
    withConfig('{"model":"rules","skills":["vm"],"log":"debug"}', (path) => {
      const parsed = parseSettings({ NODELENS_CONFIG: path, NODELENS_LOG: 'info' })
      assert.deepEqual(parsed, {
        ok: true,
        settings: { model: 'rules', skills: ['vm'], log: 'info' },
      })
    })
  })

  it('take a model that is an object in the file as it stands, and a budget', () => {
    withConfig('{"model":{"provider":"openai","model":"m"},"budget":"day=$5"}', (path) => {
      const parsed = parseSettings({ NODELENS_CONFIG: path })
      assert.deepEqual(parsed, {
        ok: true,
        settings: { model: '{"provider":"openai","model":"m"}', budget: 'day=$5', log: 'silent' },
      })
    })
  })

  const files: [string, RegExp][] = [
    ['{"modle":"rules"}', /unknown key "modle".*did you mean "model"/],
    ['{"model":3}', /"model" in .* must be a string/],
    ['[]', /expected a JSON object/],
    ['{', /cannot be read/],
    ['{"log":"loud"}', /"log" in .*: expected silent/],
  ]
  for (const [text, expected] of files) {
    it(`say what is wrong with the file ${text}`, () => {
      withConfig(text, (path) => {
        const parsed = parseSettings({ NODELENS_CONFIG: path })
        assert.match(parsed.ok ? '' : parsed.problem, expected)
      })
    })
  }
})
