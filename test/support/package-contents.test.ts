import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contentsProblems } from './package-contents.ts'

const papers = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
const built = (path: string) =>
  ['js', 'd.ts', 'js.map', 'd.ts.map'].map((kind) => `dist/${path}.${kind}`)
const rooms = ['runtime', 'sandbox', 'skills', 'agents'].flatMap((room) => built(`${room}/index`))
const good = [...papers, ...rooms]
const all = () => true

describe('contentsProblems', () => {
  it('has nothing to say of a good package', () => {
    assert.deepEqual(contentsProblems(good, all), [])
  })
  it('misses a paper', () => {
    const files = good.filter((file) => file !== 'LICENSE')
    assert.deepEqual(contentsProblems(files, all), ['LICENSE is missing'])
  })
  it('misses types and maps', () => {
    const files = good.filter((file) => !file.startsWith('dist/skills/index.d.ts'))
    assert.deepEqual(contentsProblems(files, all), [
      'dist/skills/index.d.ts is missing',
      'dist/skills/index.d.ts.map is missing',
    ])
  })
  it('refuses tests, sources and scratch files', () => {
    for (const file of [
      'dist/test/a.test.js',
      'runtime/index.ts',
      'notes.md',
      'dist/examples/x.js',
    ]) {
      assert.deepEqual(contentsProblems([...good, file], all), [`${file} must not ship`])
    }
  })
  it('refuses what the build left over from a removed source', () => {
    const problems = contentsProblems(
      [...good, ...built('agents/old')],
      (path) => !path.includes('old'),
    )
    assert.equal(problems.length, 4)
    assert.match(problems[0] ?? '', /has no source agents\/old.ts/)
  })
  it('lets a page through that stands in a room', () => {
    assert.deepEqual(contentsProblems([...good, 'dist/runtime/observer/page.html'], all), [])
  })
})
