/**
 * The coordinator: it starts operators, correlates what they report and produces insights, many
 * runs at a time, in a thread of its own. After a crash its supervisor starts another one, which
 * takes the runs over from the journal.
 */
import { isDownMessage, type ServerContext, server } from '../../runtime/index.ts'
import type { CoordinatorStart } from '../loop/coordinator-start.ts'
import { CoordinatorDesk } from './coordinator-desk.ts'
import { isCoordinatorEventMessage, isOperatorMessage } from './messages.ts'
import { names } from './names.ts'
import { readSkills } from './skill-book.ts'

/** What a coordinator is started with. */
export interface CoordinatorArgs {
  /** Host name and process id, for notifications. */
  readonly node: string
  /** Milliseconds after which an operator without work ends. */
  readonly operatorIdleMs: number
}

interface State {
  readonly desk: CoordinatorDesk
}

export const coordinator = server(import.meta, {
  name: names.coordinator,
  init: async (args: CoordinatorArgs, context): Promise<State> => {
    const { node, operatorIdleMs: idleMs } = args
    const skills = await readSkills()
    const desk = new CoordinatorDesk(context, node, (id) => {
      const skill = skills.find((one) => one.id === id)
      return skill === undefined ? undefined : { skill, idleMs }
    })
    await desk.resume()
    return { desk }
  },
  calls: {
    /** Answers when the run is under way, or is known already. */
    start: async (state: State, start: CoordinatorStart) => {
      const refused = state.desk.refusal(start)
      if (refused !== undefined) return { state, fail: refused }
      await state.desk.start(start)
      return { reply: start.id, state }
    },
    /** Answers with the result when the run has ended; with `null` if there is no such run. */
    await: (state: State, runId: string, { from }: ServerContext) =>
      from !== undefined && state.desk.awaitRun(runId, from) ? { state } : { reply: null, state },
    status: (state: State) => ({ reply: state.desk.runs(), state }),
    /** Answers with the ids of the runs that were asked to conclude. */
    cancel: async (state: State, runId: string | undefined) => ({
      reply: await state.desk.cancel(runId),
      state,
    }),
  },
  info: async (state: State, message: unknown) => {
    if (isDownMessage(message)) state.desk.hands.operatorDown(message)
    else if (isOperatorMessage(message)) await state.desk.hearOperator(message)
    else if (isCoordinatorEventMessage(message)) {
      await state.desk.hear(message.runId, message.event)
    }
    return { state }
  },
})
