/** All interleavings of a writer and a reader, on the very words that two threads would share. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  claimWake,
  createLane,
  getUp,
  headOf,
  isAsleep,
  type LaneMemory,
  lieDown,
  openLane,
  publish,
} from '../../runtime/lane-memory.ts'

const MESSAGES = 3

/** Everything that decides what can happen next; plain, so that states can be compared. */
interface State {
  readonly cells: readonly number[]
  /** What lies in the port and has not been told to the reader. */
  readonly port: number
  readonly writer: 'look' | 'publish' | 'claim for a bell' | 'claim' | 'bell' | 'post' | 'done'
  readonly sent: number
  readonly reader: 'asleep' | 'read' | 'lie down' | 'check' | 'get up'
  readonly at: number
}

type Move = (state: State, memory: LaneMemory) => Partial<State> | undefined

const next = ({ sent }: State): Partial<State> => ({
  sent: sent + 1,
  writer: sent + 1 === MESSAGES ? 'done' : 'look',
})

/** As `Outgoing` does: by the lane with a bell if need be, or by the port to one who sleeps. */
const write: Move = (state, memory) => {
  switch (state.writer) {
    case 'look':
      return { writer: isAsleep(memory) ? 'claim' : 'publish' }
    case 'publish':
      publish(memory, headOf(memory) + 1)
      return { writer: 'claim for a bell' }
    case 'claim for a bell':
      return claimWake(memory) ? { writer: 'bell' } : next(state)
    case 'bell':
      return { ...next(state), port: state.port + 1 }
    case 'claim':
      claimWake(memory)
      return { writer: 'post' }
    case 'post':
      return { ...next(state), port: state.port + 1 }
    case 'done':
      return undefined
    default:
      return undefined
  }
}

/** As `Incoming` does: reads all, lies down, looks again. */
const read: Move = (state, memory) => {
  switch (state.reader) {
    case 'asleep':
      return state.port > 0 ? { reader: 'read', port: state.port - 1 } : undefined
    case 'read':
      return { reader: 'lie down', at: headOf(memory) }
    case 'lie down':
      lieDown(memory)
      return { reader: 'check' }
    case 'check':
      return { reader: headOf(memory) === state.at ? 'asleep' : 'get up' }
    case 'get up':
      getUp(memory)
      return { reader: 'read' }
    default:
      return undefined
  }
}

/** A reader that looks first and lies down then. */
const readCarelessly: Move = (state, memory) => {
  if (state.reader === 'read') return { reader: 'check', at: headOf(memory) }
  if (state.reader === 'check') {
    return { reader: headOf(memory) === state.at ? 'lie down' : 'read' }
  }
  if (state.reader !== 'lie down') return read(state, memory)
  lieDown(memory)
  return { reader: 'asleep' }
}

/** One who reads while no event has told it to, and takes what lies in the port. */
const readEarly: Move = (state) =>
  state.reader === 'asleep' ? { reader: 'read', port: 0 } : undefined

/** All states in which nobody can move any more, and how many there were on the way. */
function explore(moves: readonly Move[]): { readonly ends: readonly State[]; seen: number } {
  const fresh = createLane(64)
  assert.ok(fresh)
  const memory = openLane(fresh)
  const begin: State = {
    cells: [...memory.cells],
    // The message that brings the lane.
    port: 1,
    writer: 'look',
    sent: 0,
    reader: 'asleep',
    at: 0,
  }
  const seen = new Set([JSON.stringify(begin)])
  const open = [begin]
  const ends: State[] = []
  for (let state = open.pop(); state; state = open.pop()) {
    let canMove = false
    for (const move of moves) {
      memory.cells.set(state.cells)
      const change = move(state, memory)
      if (!change) continue
      canMove ||= move !== readEarly
      const after = { ...state, ...change, cells: [...memory.cells] }
      const key = JSON.stringify(after)
      if (seen.has(key)) continue
      seen.add(key)
      open.push(after)
    }
    if (!canMove) ends.push(state)
  }
  return { ends, seen: seen.size }
}

/** Published, and nobody will read it. */
function isForgotten({ cells, at }: State): boolean {
  return cells[0] !== at
}

describe('a reader of a lane', () => {
  it('never sleeps beside something that was written, however the steps fall', () => {
    const { ends, seen } = explore([write, read])
    assert.ok(seen > 100)
    assert.ok(ends.length > 0)
    assert.deepEqual(ends.filter(isForgotten), [])
  })

  it('nor if it also reads at other times and takes its wake-up away itself', () => {
    const { ends } = explore([write, read, readEarly])
    assert.ok(ends.length > 0)
    assert.deepEqual(ends.filter(isForgotten), [])
  })

  it('would, if it looked before it lies down', () => {
    assert.ok(explore([write, readCarelessly]).ends.some(isForgotten))
  })
})
