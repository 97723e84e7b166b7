/**
 * The providers that exist: which variables hold their key, which model is taken when none is
 * named, where they live. The order is the order in which `auto` looks for a key.
 */

export const providerNames = [
  'google-ai',
  'anthropic',
  'openai',
  'openrouter',
  'azure-openai',
  'aws-bedrock',
  'vertex-ai',
  'openai-generic',
  'module',
  'function',
] as const
export type ProviderName = (typeof providerNames)[number]

/** What is known of a provider before it is asked. */
export interface ProviderFacts {
  /** Variables that may hold the key, first to last. */
  readonly keys: readonly string[]
  /** A key is needed; `aws-bedrock` and `vertex-ai` can sign in by other means. */
  readonly needsKey: boolean
  /** Absent: the user must name one. */
  readonly defaultModel?: string
  /** Variable that may name the model. */
  readonly modelVariable?: string
  readonly baseUrl?: string
  /** Variables that may hold the address; the vendors' own clients obey them too. */
  readonly baseUrlVariables?: readonly string[]
  /** There is no address but the user's. */
  readonly needsBaseUrl?: string
  /** `auto` takes it when its key is in the environment. */
  readonly isAutomatic: boolean
}

export const providerTable: Readonly<Record<ProviderName, ProviderFacts>> = {
  'google-ai': {
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    needsKey: true,
    defaultModel: 'gemini-3.8-flash',
    isAutomatic: true,
  },
  anthropic: {
    keys: ['ANTHROPIC_API_KEY'],
    needsKey: true,
    defaultModel: 'claude-haiku-4-5',
    baseUrl: 'https://api.anthropic.com',
    baseUrlVariables: ['ANTHROPIC_BASE_URL'],
    isAutomatic: true,
  },
  openai: {
    keys: ['OPENAI_API_KEY'],
    needsKey: true,
    defaultModel: 'gpt-5.4-mini',
    baseUrl: 'https://api.openai.com/v1',
    baseUrlVariables: ['OPENAI_BASE_URL'],
    isAutomatic: true,
  },
  openrouter: {
    keys: ['OPENROUTER_API_KEY'],
    needsKey: true,
    defaultModel: 'google/gemini-3.8-flash',
    baseUrl: 'https://openrouter.ai/api/v1',
    isAutomatic: true,
  },
  'azure-openai': {
    keys: ['AZURE_OPENAI_API_KEY'],
    needsKey: true,
    modelVariable: 'AZURE_OPENAI_DEPLOYMENT',
    baseUrlVariables: ['AZURE_OPENAI_ENDPOINT'],
    needsBaseUrl: "the resource's endpoint, e.g. https://my-resource.openai.azure.com",
    isAutomatic: true,
  },
  'aws-bedrock': {
    keys: ['AWS_BEARER_TOKEN_BEDROCK'],
    needsKey: false,
    defaultModel: 'global.anthropic.claude-haiku-4-5-20251001-v1:0',
    isAutomatic: true,
  },
  'vertex-ai': {
    // its sign-in is the machine's, which says nothing of the user's wish: never automatic
    keys: [],
    needsKey: false,
    defaultModel: 'gemini-3.8-flash',
    isAutomatic: false,
  },
  'openai-generic': {
    keys: [],
    needsKey: false,
    needsBaseUrl:
      "the server's address with its /v1: http://127.0.0.1:11434/v1 (Ollama), http://127.0.0.1:8000/v1 (vLLM), http://127.0.0.1:1234/v1 (LM Studio)",
    isAutomatic: false,
  },
  module: { keys: [], needsKey: false, isAutomatic: false },
  function: { keys: [], needsKey: false, isAutomatic: false },
}

export function isProviderName(name: unknown): name is ProviderName {
  return providerNames.some((known) => known === name)
}
