/**
 * Makes spans and metrics of the telemetry's events. It works in the main thread, where the
 * application's SDK is; the events are forwarded there, with the time at which they happened.
 *
 * An investigation is a workflow; the coordinator and each operator are agents in it, whose children
 * are their turns of a model and their tools. `rules` is no model of that kind: its turns are not told.
 */
import { emit, type TelemetryEvent } from '../telemetry.ts'
import { type OpenTelemetryApi, type OtelMeter, type OtelTracer, spanKinds } from './api.ts'
import { Heard } from './heard.ts'
import { Instruments } from './instruments.ts'
import { insightEvent, modelNames, attributes as names, operations, type Semconv } from './names.ts'
import { SpanBook } from './span-book.ts'

/** What the bridge works with. */
export interface BridgeParts {
  readonly api: OpenTelemetryApi
  readonly tracer: () => OtelTracer<unknown>
  readonly meter: () => OtelMeter
  readonly semconv: Semconv
  /** Reasons of runs and summaries of insights are told too. */
  readonly content: boolean
}

const workflowName = 'nodelens'
/** Endings of a run that are no error: it said what it knows. */
const goodEndings = [
  'done',
  'completed',
  'cancelled',
  'iterations_spent',
  'tokens_spent',
  'deadline_exceeded',
]

export class Bridge {
  readonly #spans: SpanBook
  readonly #instruments: Instruments
  readonly #content: boolean
  readonly #handlers: Readonly<Record<string, (heard: Heard) => void>> = {
    'run:started': (heard) => this.#runStarted(heard),
    'run:ended': (heard) => this.#runEnded(heard),
    'coordinator:operator-crashed': (heard) => this.#endAgent(heard, 'crashed'),
    'coordinator:insight-produced': (heard) => this.#insight(heard),
    'model:asked': (heard) => this.#asked(heard),
    'model:answered': (heard) => this.#answered(heard),
    'model:failed': (heard) => this.#failed(heard),
    'tool:started': (heard) => this.#toolStarted(heard),
    'tool:ended': (heard) => this.#toolEnded(heard),
    'lens:stopped': ({ at }) => this.#spans.abandon(at),
  }

  constructor({ api, tracer, meter, semconv, content }: BridgeParts) {
    this.#spans = new SpanBook(api, tracer, () =>
      emit('lens', 'degraded', { why: 'open-telemetry-spans', what: 'too many are open' }),
    )
    this.#instruments = new Instruments(meter, semconv)
    this.#content = content
  }

  /** The events that it hears. */
  get patterns(): readonly string[] {
    return Object.keys(this.#handlers)
  }

  hear(event: TelemetryEvent): void {
    this.#handlers[`${event.group}:${event.event}`]?.(new Heard(event))
  }

  /** Ends what is open. */
  stop(): void {
    this.#spans.abandon(Date.now())
  }

  #runStarted(heard: Heard): void {
    const { at, runId, workflowKey, agentKey } = heard
    const kind = spanKinds.internal
    const reason = { [names.reason]: this.#content ? heard.text('reason') : undefined }
    if (heard.isCoordinator) {
      const trigger = { [names.trigger]: heard.text('signal') }
      const name = `${operations.workflow} ${workflowName}`
      const facts = { ...workflowFacts(heard), ...trigger, ...reason }
      this.#spans.begin({ key: workflowKey, runId, name, kind, at, attributes: facts })
    }
    this.#spans.begin({
      key: agentKey,
      parent: workflowKey,
      runId,
      name: `${operations.agent} ${heard.agentName}`,
      kind,
      at,
      attributes: {
        [names.operation]: operations.agent,
        ...agentFacts(heard),
        [names.agentId]: heard.text('operator') ?? runId,
        ...reason,
      },
    })
  }

  #runEnded(heard: Heard): void {
    const outcome = heard.text('outcome') ?? 'lost'
    this.#endAgent(heard, outcome)
    if (!heard.isCoordinator) return
    const { at, runId, workflowKey } = heard
    // what began within it and was not heard of again ends before it
    this.#spans.abandon(at, { runId, except: workflowKey })
    const error = errorOf(outcome)
    const ended = this.#spans.end(workflowKey, {
      at,
      error,
      message: heard.text('reason'),
      attributes: { ...endFacts(heard, outcome), [names.insights]: heard.number('insights') },
    })
    const { [names.conversation]: _, ...facts } = workflowFacts(heard)
    if (ended !== undefined)
      this.#instruments.workflow(ended.seconds, { ...facts, [names.errorType]: error })
  }

  #endAgent(heard: Heard, outcome: string): void {
    const { at, agentKey, agentName } = heard
    const error = errorOf(outcome)
    const counts = this.#spans.countsOf(agentKey)
    const attributes = {
      ...endFacts(heard, outcome),
      [names.inputTokens]: counts['inputTokens'],
      [names.outputTokens]: counts['outputTokens'],
      [names.costUsd]: counts['costUsd'],
    }
    const ended = this.#spans.end(agentKey, {
      at,
      error,
      message: heard.text('reason'),
      attributes,
    })
    if (ended === undefined) return
    const { inferences = 0, tools = 0 } = counts
    const facts = { [names.operation]: operations.agent, [names.agentName]: agentName }
    const calls = { inferences, tools }
    this.#instruments.agent(ended.seconds, calls, { ...facts, [names.errorType]: error })
  }

  #insight(heard: Heard): void {
    const severity = heard.text('severity')
    const facts = {
      [names.insightId]: heard.text('insightId'),
      [names.severity]: severity,
      [names.insightSummary]: this.#content ? heard.text('summary') : undefined,
    }
    this.#spans.note(heard.workflowKey, insightEvent, facts, heard.at)
    this.#instruments.insight(severity)
  }

  #asked(heard: Heard): void {
    const asked = heard.text('model') ?? 'rules'
    if (asked === 'rules') return
    const { at, runId, agentKey: parent } = heard
    const { operation, model } = modelNames(asked)
    this.#spans.begin({
      key: questionKey(heard),
      parent,
      runId,
      name: `${operation} ${model}`,
      kind: spanKinds.client,
      at,
      attributes: { ...inferenceFacts(asked), ...agentFacts(heard), [names.outputType]: 'json' },
    })
    this.#spans.count(parent, { inferences: 1 })
  }

  /** `rules` may have spoken in a provider's stead: then the turn failed, as far as the provider goes. */
  #answered(heard: Heard): void {
    const { usage } = heard
    const error = heard.text('fallback')
    const spoke = heard.text('model') ?? 'rules'
    const isModel = spoke !== 'rules'
    const spent = isModel
      ? {
          [names.responseModel]: modelNames(spoke).model,
          [names.inputTokens]: usage.inputTokens,
          [names.outputTokens]: usage.outputTokens,
          [names.reasoningTokens]: usage.reasoningTokens,
          [names.cachedTokens]: usage.cachedTokens,
          [names.costUsd]: usage.costUsd,
        }
      : {}
    const { inputTokens, outputTokens, costUsd = 0 } = usage
    this.#spans.count(heard.agentKey, { inputTokens, outputTokens, costUsd })
    if (isModel) this.#instruments.tokens(usage, inferenceFacts(spoke))
    this.#endTurn(heard, spent, { error, model: isModel ? spoke : undefined })
  }

  #failed(heard: Heard): void {
    const error = heard.within('failure', 'kind') ?? 'unknown'
    this.#endTurn(heard, {}, { error, model: heard.text('model') })
  }

  #endTurn(
    heard: Heard,
    attributes: Readonly<Record<string, string | number | undefined>>,
    { error, model }: { readonly error: string | undefined; readonly model: string | undefined },
  ): void {
    const ended = this.#spans.end(questionKey(heard), { at: heard.at, error, attributes })
    if (ended === undefined) return
    const facts = model === undefined ? {} : inferenceFacts(model)
    this.#instruments.inference(ended.seconds, { ...facts, [names.errorType]: error })
  }

  #toolStarted(heard: Heard): void {
    const { at, runId, agentKey: parent } = heard
    this.#spans.begin({
      key: callKey(heard),
      parent,
      runId,
      name: `${operations.tool} ${heard.text('tool') ?? 'unknown'}`,
      kind: spanKinds.internal,
      at,
      attributes: { ...toolFacts(heard), [names.toolCall]: heard.text('call') },
    })
    this.#spans.count(parent, { tools: 1 })
  }

  #toolEnded(heard: Heard): void {
    const error = heard.flag('ok') === true ? undefined : (heard.text('code') ?? 'failed')
    const message = this.#content ? heard.text('message') : undefined
    const ended = this.#spans.end(callKey(heard), { at: heard.at, error, message })
    if (ended === undefined) return
    this.#instruments.tool(ended.seconds, { ...toolFacts(heard), [names.errorType]: error })
  }
}

function errorOf(outcome: string): string | undefined {
  return goodEndings.includes(outcome) ? undefined : outcome
}

function questionKey(heard: Heard): string {
  return `question ${heard.text('question') ?? ''}`
}

function callKey(heard: Heard): string {
  return `call ${heard.text('call') ?? ''}`
}

function workflowFacts({ runId }: Heard) {
  return {
    [names.operation]: operations.workflow,
    [names.workflow]: workflowName,
    [names.conversation]: runId,
  }
}

function agentFacts({ agentName, runId }: Heard) {
  return { [names.agentName]: agentName, [names.conversation]: runId }
}

function endFacts(heard: Heard, outcome: string) {
  return { [names.outcome]: outcome, [names.partial]: heard.flag('partial') }
}

function toolFacts(heard: Heard) {
  return {
    [names.operation]: operations.tool,
    [names.tool]: heard.text('tool'),
    [names.toolType]: 'function',
    [names.agentName]: heard.agentName,
  }
}

function inferenceFacts(asked: string) {
  const { operation, provider, model } = modelNames(asked)
  return {
    [names.operation]: operation,
    [names.provider]: provider,
    [names.requestModel]: model,
  }
}
