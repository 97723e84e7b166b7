import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { BaselineFile, type BaselineProblem } from '../../skills/anomaly/baseline-file.ts'
import { storedBaselines } from '../../skills/anomaly/baseline-store.ts'
import { parseBaselines, renderBaselines } from '../../skills/anomaly/baseline-text.ts'
import type { SavedDetector } from '../../skills/anomaly/detector.ts'
import { fingerprintOf } from '../../skills/anomaly/fingerprint.ts'
import { SeasonProfile } from '../../skills/anomaly/season.ts'
import { anomalyOptionsOf, stateFolderOf } from '../../skills/anomaly/settings.ts'

const home = mkdtempSync(join(tmpdir(), 'nodelens-anomaly-'))
after(() => rmSync(home, { recursive: true, force: true }))

const owner = { application: '/srv/app.js', intervalMs: 10_000 }
const saved: SavedDetector = {
  savedAt: 5,
  fingerprint: 'abc',
  deployedAt: 0,
  counters: ['jobs_totalDone'],
  tracks: [
    {
      id: 'http_inP99Ms',
      firstAt: 1,
      sketch: { at: 5, bins: [40, 41], weights: [100, 3.5] },
      season: new SeasonProfile().save(),
      up: [{ endedAt: 4, peak: 20, farthest: 1.5, told: true }],
      down: [],
    },
  ],
}

function fileIn(folder: string): { file: BaselineFile; problems: BaselineProblem[] } {
  const problems: BaselineProblem[] = []
  const file = new BaselineFile(join(home, folder), owner, (problem) => problems.push(problem))
  return { file, problems }
}

describe('baseline text', () => {
  it('gives back what was written', () => {
    assert.deepEqual(parseBaselines(renderBaselines(saved, owner), owner), { ok: true, saved })
  })

  it('refuses what another application wrote, or at another pace', () => {
    const text = renderBaselines(saved, owner)
    for (const other of [
      { ...owner, application: '/srv/other.js' },
      { ...owner, intervalMs: 5000 },
    ])
      assert.equal(parseBaselines(text, other).ok, false)
  })

  it('refuses every text that is none of ours, and throws nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.equal(parseBaselines(text, owner).ok, false)
      }),
    )
  })

  it('refuses a file that was cut off at any place', () => {
    const text = renderBaselines(saved, owner)
    for (let length = 0; length < text.length; length += 7)
      assert.equal(parseBaselines(text.slice(0, length), owner).ok, false)
  })
})

describe('storedBaselines', () => {
  function kept(first?: string) {
    let text = first
    const store = {
      load: () => text,
      save: (saving: string) => {
        text = saving
      },
    }
    const problems: BaselineProblem[] = []
    return { baselines: storedBaselines(store, owner, (one) => problems.push(one)), problems }
  }

  it('reads what it gave the store', () => {
    const { baselines, problems } = kept()
    assert.equal(baselines.load(), undefined)
    baselines.save(saved)
    assert.deepEqual(baselines.load(), saved)
    assert.deepEqual(problems, [])
  })

  it('ignores a text that is none of ours, and says so', () => {
    const { baselines, problems } = kept('{"format":"nodelens anom')
    assert.equal(baselines.load(), undefined)
    assert.deepEqual(
      problems.map(({ why }) => why),
      ['baselines-ignored'],
    )
  })
})

describe('BaselineFile', () => {
  it('finds nothing where nothing was written, without a word', () => {
    const { file, problems } = fileIn('empty')
    assert.equal(file.load(), undefined)
    assert.deepEqual(problems, [])
  })

  it('reads what it wrote, and leaves no draft', () => {
    const { file } = fileIn('written')
    file.save(saved)
    assert.deepEqual(file.load(), saved)
    assert.equal(readdirSync(join(home, 'written')).length, 1)
  })

  it('ignores a corrupt file, says so, and writes over it', () => {
    const { file, problems } = fileIn('corrupt')
    mkdirSync(join(home, 'corrupt'))
    writeFileSync(file.path, '{"format":"nodelens anom')
    assert.equal(file.load(), undefined)
    assert.deepEqual(
      problems.map(({ why }) => why),
      ['baselines-ignored'],
    )
    file.save(saved)
    assert.deepEqual(file.load(), saved)
  })

  it('ignores a file that is too large', () => {
    const { file, problems } = fileIn('large')
    mkdirSync(join(home, 'large'))
    writeFileSync(file.path, Buffer.alloc(9 * 1_048_576))
    assert.equal(file.load(), undefined)
    assert.match(problems[0]?.message ?? '', /larger than/)
  })

  it('says once that it cannot write', () => {
    writeFileSync(join(home, 'not-a-folder'), '')
    const { file, problems } = fileIn('not-a-folder')
    file.save(saved)
    file.save(saved)
    assert.deepEqual(
      problems.map(({ why }) => why),
      ['baselines-not-written'],
    )
  })

  it('keeps fifty applications, the newest', () => {
    const { file } = fileIn('many')
    mkdirSync(join(home, 'many'))
    for (let index = 0; index < 60; index += 1) {
      const path = join(home, 'many', `anomaly-${String(index).padStart(16, '0')}.json`)
      writeFileSync(path, '')
      utimesSync(path, index + 1, index + 1)
    }
    writeFileSync(join(home, 'many', 'of-somebody-else.json'), '')
    file.save(saved)
    const names = readdirSync(join(home, 'many'))
    assert.equal(names.length, 51)
    assert.ok(names.includes('of-somebody-else.json'))
    assert.deepEqual(file.load(), saved)
  })
})

describe('fingerprintOf', () => {
  it('changes when a source beside the entry changes, and not without a change', () => {
    const folder = join(home, 'app')
    mkdirSync(folder)
    const entry = join(folder, 'app.js')
    writeFileSync(entry, 'run()')
    writeFileSync(join(folder, 'part.js'), 'one')
    const first = fingerprintOf(entry)
    assert.equal(fingerprintOf(entry), first)
    writeFileSync(join(folder, 'part.js'), 'another')
    assert.notEqual(fingerprintOf(entry), first)
  })

  it('is there also for an entry that cannot be read', () => {
    assert.match(fingerprintOf(join(home, 'nowhere', 'app.js')), /^[0-9a-f]{16}$/)
  })
})

describe('anomaly settings', () => {
  it('refuses what is unknown, and numbers out of their bounds', () => {
    // @ts-expect-error unknown key
    assert.throws(() => anomalyOptionsOf({ intervallMs: 5000 }), /unknown option 'intervallMs'/)
    assert.throws(() => anomalyOptionsOf({ intervalMs: 5 }), RangeError)
  })

  it('takes the folder from the option, else from the environment', () => {
    assert.equal(stateFolderOf({ stateDir: '/x' }), '/x')
    assert.equal(stateFolderOf({ stateDir: false }), false)
    process.env['NODELENS_STATE_DIR'] = 'off'
    assert.equal(stateFolderOf({}), false)
    delete process.env['NODELENS_STATE_DIR']
    assert.equal(stateFolderOf({}), undefined)
  })
})
