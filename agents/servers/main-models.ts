/**
 * The root thread's way to a model that lives in main. A main that is blocked cannot even say that
 * it has heard: it is waited for a second, then `rules` stands in, and it is asked again a little
 * later. Once it has heard, the usual time of a request counts.
 */
import { type Pid, send, whereis } from '../../runtime/index.ts'
import type { MainModelMessage, MainModelReply } from '../main-model-messages.ts'
import { promptFor } from '../models/model-prompt.ts'
import {
  type Completion,
  type CompletionRequest,
  type Provider,
  ProviderError,
  type ProviderFailure,
} from '../models/provider.ts'
import type { ProviderSetting } from '../models/setting.ts'
import { mainName } from './names.ts'

/** Milliseconds for main to say that it has heard. */
const hearingMs = 1_000

interface Waiting {
  readonly heard: () => void
  readonly resolve: (completion: Completion) => void
  readonly reject: (failure: ProviderFailure) => void
}

/** Questions to main that are under way. */
export class MainModels {
  readonly #self: Pid
  readonly #waiting = new Map<string, Waiting>()
  #asked = 0

  constructor(self: Pid) {
    this.#self = self
  }

  provider({ model }: ProviderSetting): Provider {
    return {
      name: `function/${model}`,
      complete: (request, signal) => this.#ask(model, request, signal),
    }
  }

  /** Main has said something. */
  hear(reply: MainModelReply): void {
    const waiting = this.#waiting.get(reply.id)
    if (reply.type === 'nodelens-model-accepted') waiting?.heard()
    else if (reply.type === 'nodelens-model-answered') waiting?.resolve(reply.completion)
    else waiting?.reject(reply.failure)
  }

  #ask(model: string, request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    const id = `${this.#self} ${++this.#asked}`
    const question: MainModelMessage = {
      type: 'nodelens-model-ask',
      to: this.#self,
      id,
      model,
      prompt: promptFor(request),
    }
    return new Promise((resolve, reject) => {
      const give = (message: MainModelMessage) => {
        if (whereis(mainName) !== undefined) send(mainName, message)
      }
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#waiting.delete(id)
      }
      const refuse = (failure: ProviderFailure) => {
        end()
        reject(new ProviderError(failure))
      }
      const giveUp = (failure: ProviderFailure) => {
        give({ type: 'nodelens-model-abort', id })
        refuse(failure)
      }
      const onAbort = () => giveUp({ kind: 'aborted', message: 'aborted' })
      const timer = setTimeout(() => giveUp(unheard(model)), hearingMs)
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      const heard = () => clearTimeout(timer)
      const answered = (completion: Completion) => {
        end()
        resolve(completion)
      }
      this.#waiting.set(id, { heard, resolve: answered, reject: refuse })
      give(question)
    })
  }
}

function unheard(model: string): ProviderFailure {
  return {
    kind: 'main_blocked',
    message: `the main thread, where the model ${model} lives, did not answer within ${hearingMs} ms: its event loop is blocked; a model of { provider: 'module' } answers also then`,
  }
}
