import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Script } from 'node:vm'
import { pageAsset, tokenPage } from '../../../runtime/observer/page/page.ts'
import { startObserver } from '../../../runtime/observer/start-observer.ts'
import { makePid } from '../../../runtime/pid.ts'
import { CHROMIUM, openPage } from './chromium.ts'
import { FakeTree, node } from './fake-tree.ts'

const html = pageAsset('/')?.body ?? ''
const script = pageAsset('/assets/app.js')?.body ?? ''
const style = pageAsset('/assets/app.css')?.body ?? ''

describe('the page', () => {
  it('has a script that parses', () => {
    assert.doesNotThrow(() => new Script(`(async () => {${script}\n})`))
  })

  it('needs nothing that its Content-Security-Policy forbids', () => {
    for (const text of [html, tokenPage().body]) {
      assert.doesNotMatch(text, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i)
    }
  })

  it('takes nothing from other hosts', () => {
    const links = `${html}${style}${script}`.match(/(?:https?:)?\/\/[a-z0-9-]+\.[a-z]/gi) ?? []
    assert.deepEqual([...new Set(links)], ['http://www.w']) // the namespace of SVG
  })

  it('has no way to make markup of text', () => {
    assert.doesNotMatch(
      script,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\(|Function\(/,
    )
  })

  it('has every element that its script asks for', () => {
    const asked = [...script.matchAll(/byId\('([\w-]+)'\)/g)].map((match) => match[1] ?? '')
    assert.ok(asked.length > 10)
    for (const id of asked) {
      if (id !== 'more') assert.match(html, new RegExp(`id="${id}"`), id)
    }
  })
})

const why = existsSync(CHROMIUM) ? '' : ` (left out: there is no ${CHROMIUM})`
describe(`the page in Chromium${why}`, { skip: why !== '' }, () => {
  it('draws tree, changes and findings, as text; and comes back after a loss', async () => {
    const children = [node(2, 1, 'vm'), node(3, 1, 'tables')]
    const tree = new FakeTree([node(1, 1, 'root', { kind: 'supervisor', children })])
    const topics = { insights: () => [] }
    const first = await startObserver({ tree, topics, flushMs: 5 })
    const page = await openPage(first.url)
    try {
      const names =
        "[...document.querySelectorAll('.rows .name b')].map((b) => b.textContent).join()"
      await page.until(`${names} === 'root,tables,vm'`)

      const markup = '<img src=x onerror="window.hacked = true"><b>bold</b>'
      const reason = { type: 'error', error: { name: 'Error', message: markup } }
      tree.emit({ type: 'process-exited', at: Date.now(), pid: makePid(2, 1), reason })
      first.publish('insights', {
        id: 'i1',
        severity: 'critical',
        summary: markup,
        location: { file: markup, line: 42, function: 'parse' },
        evidence: [markup],
      })
      await page.until("document.querySelector('.card h3')?.textContent.startsWith('<img src=x')")
      await page.until(
        "document.querySelector('[data-mark=exit] em').textContent.includes('<b>bold')",
      )
      assert.match(
        String(await page.evaluate("document.querySelector('.where').textContent")),
        /:42/,
      )
      assert.equal(await page.evaluate("document.querySelectorAll('main img, main b b').length"), 0)
      assert.equal(await page.evaluate('typeof window.hacked'), 'undefined')

      await page.evaluate("document.querySelector('.rows .row').focus()")
      const press = (key: string): string =>
        `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', bubbles: true }))`
      await page.evaluate(press('ArrowLeft'))
      await page.until(`${names} === 'root'`)
      await page.evaluate(press('ArrowRight'))
      await page.until(`${names}.includes('tables')`)

      await first.stop()
      await page.until("document.querySelector('#connection').dataset.state === 'lost'")
      tree.roots = [node(1, 1, 'root', { kind: 'supervisor', children: [node(4, 1, 'fresh')] })]
      const second = await startObserver({ tree, topics, port: first.port })
      await page.until(`${names} === 'root,fresh'`)
      await page.until("document.querySelector('#connection').dataset.state === 'live'")
      await second.stop()
    } finally {
      await page.close()
      await first.stop()
    }
  })

  it('asks for the token and goes on with it', async () => {
    const tree = new FakeTree([node(1, 1, 'root')])
    const observer = await startObserver({ tree, token: 'se&cret+1' })
    const page = await openPage(observer.url)
    try {
      await page.until("document.querySelector('form input[name=token]')")
      await page.evaluate(
        "document.querySelector('#token').value = 'se&cret+1'; document.querySelector('button').click()",
      )
      await page.until("document.querySelector('#connection')?.dataset.state === 'live'")
    } finally {
      await page.close()
      await observer.stop()
    }
  })
})
