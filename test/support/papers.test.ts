import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { projectRoot } from './project.ts'

const papers = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(projectRoot, 'docs')).map((name) => `docs/${name}`),
]

describe('the papers', () => {
  for (const paper of papers.filter((name) => name.endsWith('.md'))) {
    it(`${paper} links to nothing that is not there`, () => {
      const text = readFileSync(join(projectRoot, paper), 'utf8')
      const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
        ([, target = '']) => target,
      )
      const missing = targets.filter(
        (target) => !existsSync(join(projectRoot, dirname(paper), target)),
      )
      assert.deepEqual(missing, [])
    })
  }

  it('README.md names only scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>
    }
    const text = readFileSync(join(projectRoot, 'README.md'), 'utf8')
    const named = [...text.matchAll(/npm (?:run )?(?!install|ci\b)([a-z:]+)/g)].map(
      ([, name = '']) => name,
    )
    assert.ok(named.length > 5)
    assert.deepEqual(
      named.filter((name) => scripts[name] === undefined),
      [],
    )
  })
})
