/**
 * Every OpenTelemetry name that nodelens emits, in one place, because nothing of `gen_ai.*` is stable
 * yet. They are those of github.com/open-telemetry/semantic-conventions-genai as of November 2026;
 * `1.41` stands for the last release of the old repository, whose metrics many backends still expect.
 */

/** Which generation of metric names is emitted. */
export type Semconv = 'latest' | '1.41'

export const operations = {
  workflow: 'invoke_workflow',
  agent: 'invoke_agent',
  tool: 'execute_tool',
  inference: 'chat',
  /** What Gemini calls the same. */
  geminiInference: 'generate_content',
} as const

export const attributes = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  outputType: 'gen_ai.output.type',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  conversation: 'gen_ai.conversation.id',
  workflow: 'gen_ai.workflow.name',
  agentName: 'gen_ai.agent.name',
  agentId: 'gen_ai.agent.id',
  tool: 'gen_ai.tool.name',
  toolType: 'gen_ai.tool.type',
  toolCall: 'gen_ai.tool.call.id',
  tokenType: 'gen_ai.token.type',
  errorType: 'error.type',
  costUsd: 'nodelens.usage.cost_usd',
  reason: 'nodelens.run.reason',
  trigger: 'nodelens.run.trigger',
  outcome: 'nodelens.run.outcome',
  partial: 'nodelens.run.partial',
  insights: 'nodelens.run.insights',
  insightId: 'nodelens.insight.id',
  insightSummary: 'nodelens.insight.summary',
  severity: 'nodelens.severity',
} as const

/** The event of a span when there is an insight. */
export const insightEvent = 'nodelens.insight'

export const metrics = {
  latest: {
    inferenceDuration: 'gen_ai.client.inference.duration',
    inputTokens: 'gen_ai.client.inference.usage.input_tokens',
    outputTokens: 'gen_ai.client.inference.usage.output_tokens',
    cachedTokens: 'gen_ai.client.inference.usage.cache_read.input_tokens',
    reasoningTokens: 'gen_ai.client.inference.usage.reasoning.output_tokens',
    workflowDuration: 'gen_ai.workflow.duration',
    agentDuration: 'gen_ai.invoke_agent.duration',
    agentInferences: 'gen_ai.invoke_agent.inference_calls',
    agentTools: 'gen_ai.invoke_agent.tool_calls',
    toolDuration: 'gen_ai.execute_tool.duration',
  },
  '1.41': {
    inferenceDuration: 'gen_ai.client.operation.duration',
    tokens: 'gen_ai.client.token.usage',
  },
  own: { insights: 'nodelens.insights', costUsd: 'nodelens.model.cost' },
} as const

/** `gen_ai.provider.name` of our providers; one that is not named here keeps its own name. */
const providers: Readonly<Record<string, string>> = {
  'google-ai': 'gcp.gemini',
  'vertex-ai': 'gcp.vertex_ai',
  anthropic: 'anthropic',
  openai: 'openai',
  'aws-bedrock': 'aws.bedrock',
  'azure-openai': 'azure.ai.openai',
}

/** What the conventions call the provider and the model of `google-ai/gemini-3.8-flash`. */
export function modelNames(model: string): {
  readonly operation: string
  readonly provider: string
  readonly model: string
} {
  const [own = '', ...rest] = model.split('/')
  const provider = providers[own] ?? own
  const isGemini = provider === 'gcp.gemini' || provider === 'gcp.vertex_ai'
  const operation = isGemini ? operations.geminiInference : operations.inference
  return { operation, provider, model: rest.join('/') || own }
}
