import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import vm from 'node:vm'
import { creationStack } from '../../skills/probe/creation-stack.ts'

// code with file names of its choice, as the application and its packages would have
function through(frames: readonly string[]): string {
  const call = frames.reduce<() => unknown>(
    (inner, filename, index) =>
      vm.runInThisContext(`(inner) => function f${index}() { return inner() }`, { filename })(
        inner,
      ),
    creationStack,
  )
  const creation = call() as { readonly type: string; readonly text?: string }
  return creation.text ?? creation.type
}

describe('the stack of a creation', () => {
  it('reaches the application behind many frames of packages', () => {
    const packages = Array.from({ length: 20 }, (_, i) => `/srv/node_modules/client/part-${i}.js`)
    const text = through([...packages, '/srv/app/rates.js', '/srv/app/server.js'])
    assert.match(text, /\/srv\/app\/rates\.js/)
  })

  it('keeps eight frames when the application is among them', () => {
    const files = Array.from({ length: 20 }, (_, i) => `/srv/app/part-${i}.js`)
    assert.equal(through(files).split('\n').length, 8)
  })
})
