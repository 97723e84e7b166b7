/** What the models were told and what they said, for the journal: each turn of a conversation once. */
import { cast } from '../../runtime/index.ts'
import { type JournalRecord, journalVersion } from '../journal.ts'
import type { ModelOutcome } from '../vocabulary/model-reply.ts'
import type { ModelQuestion } from './model-asker.ts'
import { names } from './names.ts'

type ModelTurn = Extract<JournalRecord, { type: 'model-turn' }>

/** Conversations that are known; that which was silent longest is told again as a whole. */
const maxConversations = 200

export class Transcript {
  /** Turns of each conversation that have been written, by the id of the agent's run. */
  readonly #written = new Map<string, number>()

  /** Writes one turn. Nobody waits for it: it says how a conclusion came about, it is none. */
  write(question: ModelQuestion, outcome: ModelOutcome): void {
    cast(names.journal, 'append', this.turnOf(question, outcome))
  }

  /** What was new in a question, and what came of it. */
  turnOf({ run: agent, body }: ModelQuestion, outcome: ModelOutcome): ModelTurn {
    const heard = body.turns.slice(this.#written.get(agent) ?? 0)
    this.#remember(agent, body.turns.length)
    const said = outcome.ok
      ? { model: outcome.reply.model, action: outcome.reply.action, usage: outcome.reply.usage }
      : { model: outcome.failure.model, failure: outcome.failure }
    const skill = body.agent === 'operator' ? { skill: body.skill.id } : {}
    const frame = { version: journalVersion, at: Date.now(), runId: body.runId } as const
    return { ...frame, type: 'model-turn', agent, ...skill, heard, ...said }
  }

  #remember(agent: string, turns: number): void {
    this.#written.delete(agent)
    this.#written.set(agent, turns)
    for (const oldest of [...this.#written.keys()].slice(0, -maxConversations))
      this.#written.delete(oldest)
  }
}
