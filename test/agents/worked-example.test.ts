import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { projectRoot } from '../support/project.ts'
import { runProgram } from './support/run-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelens-example-'))
after(() => rmSync(folder, { recursive: true }))
const page = readFileSync(join(projectRoot, 'docs/skills.md'), 'utf8')

/** The first block of a language after a heading. */
function blockAfter(heading: string, language: string): string {
  const rest = page.slice(page.indexOf(heading))
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(rest)?.[1] ?? ''
}

/** A folder of a project in which nodelens is installed, as the package's own entries have it. */
function install(): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  symlinkSync(projectRoot, join(modules, 'nodelens'))
  symlinkSync(join(projectRoot, 'node_modules/valibot'), join(modules, 'valibot'))
}

const withoutMilliseconds = (text: string): string => text.replaceAll(/\d+ ms/g, 'some ms')

describe('the worked example of docs/skills.md', () => {
  it('runs as it stands there, and prints what stands below it', async () => {
    install()
    const path = join(folder, 'jobs.mjs')
    writeFileSync(path, blockAfter('## A skill of your own', 'js'))
    const { code, stdout, stderr } = await runProgram([path])
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.equal(withoutMilliseconds(stdout), withoutMilliseconds(blockAfter('It prints', 'text')))
  })
})
