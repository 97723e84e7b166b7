import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toolSchemas } from '../../../agents/models/action-schema.ts'
import { compactedTurns, type PromptSizes, tokensOf } from '../../../agents/models/compaction.ts'
import { ConversationBook } from '../../../agents/models/conversation-book.ts'
import type { Prompt } from '../../../agents/models/prompt.ts'
import type { OperatorRequest, OperatorTurn } from '../../../agents/vocabulary/model-request.ts'
import { done, operatorRequest, snapshotOf } from './support/requests.ts'

const sizesOf = (turns: readonly number[], digest = 200): PromptSizes => ({
  fixed: 300,
  turns,
  digestOf: () => digest,
  mayPartAt: (count) => count % 2 === 0,
})

describe('compactedTurns', () => {
  it('changes nothing while the conversation fits', () => {
    const sizes = sizesOf(Array.from({ length: 20 }, () => 100))
    assert.equal(compactedTurns(sizes, { compacted: 0, charactersPerToken: 3 }, 1_000), 0)
  })
  it('frees half of the room at once when it does not', () => {
    const sizes = sizesOf(Array.from({ length: 40 }, () => 100))
    const count = compactedTurns(sizes, { compacted: 0, charactersPerToken: 3 }, 1_000)
    assert.ok(tokensOf(sizes, count, 3) <= 500)
    assert.ok(tokensOf(sizes, count - 2, 3) > 500)
  })
  it('counts tokens as the provider does', () => {
    const sizes = sizesOf(Array.from({ length: 20 }, () => 100))
    assert.ok(compactedTurns(sizes, { compacted: 0, charactersPerToken: 2 }, 1_000) > 0)
  })
  it('never goes back, never touches the six newest, never parts an action from its result', () => {
    const any = fc.array(fc.nat(5_000), { minLength: 0, maxLength: 60 })
    fc.assert(
      fc.property(any, fc.integer({ min: 50, max: 5_000 }), fc.nat(60), (turns, bound, before) => {
        const compacted = Math.min(before, turns.length) & ~1
        const count = compactedTurns(sizesOf(turns), { compacted, charactersPerToken: 3 }, bound)
        assert.ok(count >= compacted)
        if (count > compacted) assert.ok(count <= turns.length - 6 && count % 2 === 0)
      }),
    )
  })
})

/** A run that takes a snapshot in every turn, of so many characters. */
function conversation(characters: number) {
  const turns: OperatorTurn[] = []
  const snapshots: OperatorRequest['snapshots'][number][] = []
  const data = { text: Array.from({ length: Math.ceil(characters / 500) }, () => 'x'.repeat(500)) }
  return {
    next(): OperatorRequest {
      const id = `r1.vm.1.s${snapshots.length + 1}`
      snapshots.push(snapshotOf(data, id))
      turns.push(...done({ intent: 'take_snapshot' }, { id, data }))
      return operatorRequest({ turns: [...turns], snapshots: [...snapshots] })
    },
  }
}

/** A provider that counts a token for so many characters. */
function counted(book: ConversationBook, request: OperatorRequest, ratio: number) {
  const booked = book.render(request, toolSchemas(request), { tag: 'TAG', secrets: [] })
  const tokens = Math.ceil(charactersOf(booked.prompt) / ratio)
  book.measured(request, tokens)
  return { ...booked, tokens }
}

function charactersOf({ system, messages }: Prompt): number {
  return messages.reduce((sum, { text }) => sum + text.length, system.length)
}

function textOf({ messages }: Prompt): string {
  return messages.map(({ text }) => text).join('\n')
}

describe('a conversation', () => {
  it('beamlens defect 13: a run that has spent more than the bound is not compacted while its context is small', () => {
    const book = new ConversationBook(50_000)
    const run = conversation(1_000)
    const seen = Array.from({ length: 25 }, () => counted(book, run.next(), 3))
    assert.ok(seen.reduce((sum, { tokens }) => sum + tokens, 0) > 50_000)
    assert.equal(seen.filter(({ compaction }) => compaction !== undefined).length, 0)
  })
  it('beamlens defect 13: past the bound it is compacted once in many turns, not in every turn', () => {
    const book = new ConversationBook(20_000)
    const run = conversation(4_000)
    const seen = Array.from({ length: 60 }, () => counted(book, run.next(), 3))
    const compactions = seen.filter(({ compaction }) => compaction !== undefined).length
    assert.ok(compactions >= 2 && compactions <= 60 / 5, String(compactions))
    assert.ok(seen.every(({ tokens }) => tokens <= 20_000))
  })
  it('goes by what the provider counted, not by the estimate', () => {
    const compactions = (ratio: number): number => {
      const book = new ConversationBook(20_000)
      const run = conversation(2_000)
      return Array.from({ length: 24 }, () => counted(book, run.next(), ratio)).filter(
        ({ compaction }) => compaction !== undefined,
      ).length
    }
    assert.equal(compactions(6), 0)
    assert.ok(compactions(2) > 0)
  })
  it('keeps every id of what it tells in short', () => {
    const book = new ConversationBook(20_000)
    const run = conversation(4_000)
    const last = Array.from({ length: 60 }, () => counted(book, run.next(), 3)).at(-1)
    const text = last === undefined ? '' : textOf(last.prompt)
    for (let index = 1; index <= 60; index++)
      assert.match(text, new RegExp(`r1\\.vm\\.1\\.s${index}\\b`))
  })
  it('beamlens defect 14: what was sent is sent again to the letter, so that the cache holds', () => {
    const book = new ConversationBook(20_000)
    const run = conversation(4_000)
    const seen = Array.from({ length: 40 }, () => counted(book, run.next(), 3))
    const broken = seen.slice(1).filter(({ prompt, compaction }, index) => {
      const before = seen[index]?.prompt
      assert.ok(before !== undefined)
      // The last message holds the question, which is another one each time.
      const kept = before.messages.slice(0, -1).map(({ text }) => text)
      const same = kept.every((text, at) => prompt.messages[at]?.text === text)
      return compaction === undefined && !same
    })
    assert.equal(broken.length, 0)
  })
  it('has half of the room after the provider refused its size', () => {
    const book = new ConversationBook(60_000)
    const run = conversation(4_000)
    const before = Array.from({ length: 20 }, () => counted(book, run.next(), 3)).at(-1)
    const request = run.next()
    book.tooLarge(request)
    const after = counted(book, request, 3)
    assert.ok(before !== undefined && after.tokens < before.tokens / 2 + 2_000)
  })
  it('of one run is not that of another', () => {
    const book = new ConversationBook(5_000)
    const one = conversation(4_000)
    for (let turn = 0; turn < 20; turn++) counted(book, one.next(), 3)
    const other = { ...conversation(100).next(), conversation: 'r1.vm.2' }
    assert.equal(counted(book, other, 3).compaction, undefined)
  })
})
