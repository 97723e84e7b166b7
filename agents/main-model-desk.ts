/** Main's part of a model that the application has handed in: it is asked here, where it lives. */
import { type Runtime, send } from '../runtime/index.ts'
import type { MainModelMessage, MainModelReply } from './main-model-messages.ts'
import { askMainModel } from './models/ask-main-model.ts'
import type { MainModel } from './models/main-model.ts'
import { ProviderError, type ProviderFailure } from './models/provider.ts'

/** Answers the root thread's questions; returns who is to hear them. */
export function mainModelDesk(
  runtime: Runtime,
  models: ReadonlyMap<string, MainModel>,
): (message: MainModelMessage) => void {
  const open = new Map<string, AbortController>()
  const answer = async (
    question: Extract<MainModelMessage, { type: 'nodelens-model-ask' }>,
  ): Promise<void> => {
    const { id, to } = question
    const tell = (reply: MainModelReply) => runtime.act(() => send(to, reply))
    const controller = new AbortController()
    open.set(id, controller)
    tell({ type: 'nodelens-model-accepted', id })
    const reply = await askedReply(models, question, controller.signal)
    open.delete(id)
    tell(reply)
  }
  return (message) => {
    if (message.type === 'nodelens-model-abort') open.get(message.id)?.abort()
    else void answer(message)
  }
}

async function askedReply(
  models: ReadonlyMap<string, MainModel>,
  { id, model: name, prompt }: Extract<MainModelMessage, { type: 'nodelens-model-ask' }>,
  signal: AbortSignal,
): Promise<MainModelReply> {
  const model = models.get(name)
  try {
    if (model === undefined) return failed(id, { kind: 'not_found', message: `no model ${name}` })
    const completion = await askMainModel(model, prompt, signal)
    return { type: 'nodelens-model-answered', id, completion }
  } catch (error) {
    const failure: ProviderFailure =
      error instanceof ProviderError
        ? error.failure
        : { kind: 'unknown', message: String(error).slice(0, 500) }
    return failed(id, failure)
  }
}

function failed(id: string, failure: ProviderFailure): MainModelReply {
  return { type: 'nodelens-model-failed', id, failure }
}
