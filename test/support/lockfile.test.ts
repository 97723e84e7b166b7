import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type LockPackages, missingEntries } from './lockfile.ts'
import { projectRoot } from './project.ts'

describe('package-lock.json', () => {
  const text = readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')

  it('has an entry for every platform, so that npm ci takes it (else: npm run lock)', () => {
    const { packages } = JSON.parse(text) as { readonly packages: LockPackages }
    assert.deepEqual(Object.keys(missingEntries(packages)), [])
  })

  it('names no registry', () => assert.equal(text.includes('"resolved"'), false))
})

describe('missingEntries', () => {
  const holder = (...names: string[]): LockPackages => ({
    'node_modules/tool': {
      version: '1.2.3',
      dev: true,
      license: 'MIT',
      optionalDependencies: Object.fromEntries(names.map((name) => [name, '1.2.3'])),
    },
  })
  const common = { version: '1.2.3', dev: true, license: 'MIT', optional: true }

  const platforms: readonly [string, object][] = [
    ['@tool/cli-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
    ['@tool/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['@tool/binding-linux-arm-musleabihf', { os: ['linux'], cpu: ['arm'], libc: ['musl'] }],
    ['@tool/binding-win32-x64-msvc', { os: ['win32'], cpu: ['x64'] }],
    ['@tool/darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
  ]
  for (const [name, platform] of platforms) {
    it(`reads the platform off ${name}`, () => {
      assert.deepEqual(missingEntries(holder(name)), {
        [`node_modules/${name}`]: { ...common, ...platform },
      })
    })
  }

  it('leaves alone what is there', () => {
    const name = '@tool/darwin-arm64'
    const packages = { ...holder(name), [`node_modules/${name}`]: { version: '1.2.3' } }
    assert.deepEqual(missingEntries(packages), {})
  })

  it('does not guess', () => {
    assert.throws(() => missingEntries(holder('@tool/something')), /does not say for which system/)
  })
})
