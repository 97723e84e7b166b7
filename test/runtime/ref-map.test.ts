import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { makeRef, type Ref } from '../../runtime/pid.ts'
import { RefMap } from '../../runtime/ref-map.ts'

const refs: fc.Arbitrary<Ref> = fc
  .tuple(fc.nat(3), fc.oneof(fc.nat(40), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })))
  .map(([thread, serial]) => makeRef(thread, serial))

describe('RefMap', () => {
  it('holds what a Map would, in the same order, after any changes', () => {
    const change = fc.record({ ref: refs, value: fc.nat(), does: fc.nat(2) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const map = new RefMap<number>()
        const model = new Map<Ref, number>()
        for (const { ref, value, does } of changes) {
          if (does === 0) assert.equal(map.delete(ref), model.delete(ref))
          else if (does === 1) {
            assert.equal(map.take(ref), model.get(ref))
            model.delete(ref)
          } else {
            map.set(ref, value)
            model.set(ref, value)
          }
          assert.equal(map.has(ref), model.has(ref))
        }
        assert.deepEqual(map.entries(), [...model])
        assert.equal(map.size, model.size)
        const each: [Ref, number][] = []
        map.forEach((value, ref) => each.push([ref, value]))
        assert.deepEqual(each, [...model])
      }),
    )
  })

  it('tells of all, though each is taken out when it is told of', () => {
    const map = new RefMap<number>()
    for (let serial = 0; serial < 20; serial++) map.set(makeRef(0, serial), serial)
    const told: number[] = []
    map.forEach((value, ref) => {
      told.push(value)
      map.delete(ref)
    })
    assert.equal(told.length, 20)
    assert.equal(map.size, 0)
  })

  it('works on after it was emptied of thousands', () => {
    const map = new RefMap<number>()
    for (let serial = 0; serial < 5000; serial++) map.set(makeRef(0, serial), serial)
    for (let serial = 0; serial < 5000; serial++) assert.equal(map.take(makeRef(0, serial)), serial)
    assert.equal(map.size, 0)
    map.set(makeRef(0, 7), 1)
    assert.deepEqual(map.entries(), [[makeRef(0, 7), 1]])
  })
})
