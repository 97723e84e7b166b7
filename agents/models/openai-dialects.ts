/** Where the speakers of chat completions differ: address, key, and the name of the token limit. */
import type { ProviderSetting } from './setting.ts'

export interface OpenAiDialect {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: (maxOutputTokens: number) => object
}

/** The dialect of a setting of `openai`, `openai-generic`, `openrouter` or `azure-openai`. */
export function openAiDialects(setting: ProviderSetting): OpenAiDialect {
  const { provider, baseUrl = '', apiKey } = setting
  const bearer = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  const limit = (maxOutputTokens: number) => ({ max_completion_tokens: maxOutputTokens })
  if (provider === 'azure-openai')
    return { url: azureUrl(setting), headers: { 'api-key': apiKey ?? '' }, body: limit }
  const url = `${baseUrl}/chat/completions`
  if (provider === 'openai') return { url, headers: bearer, body: limit }
  const oldLimit = (maxOutputTokens: number) => ({ max_tokens: maxOutputTokens })
  if (provider === 'openrouter')
    return {
      url,
      headers: bearer,
      // so that the answer says what it has cost
      body: (maxOutputTokens) => ({ ...oldLimit(maxOutputTokens), usage: { include: true } }),
    }
  return { url, headers: bearer, body: oldLimit }
}

/**
 * The `v1` address needs no version and names the deployment in the body; a setting with a version
 * gets the older address of one deployment.
 * @see https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
 */
function azureUrl({ baseUrl = '', model, apiVersion }: ProviderSetting): string {
  const root = baseUrl.replace(/\/openai(\/v1)?$/, '')
  return apiVersion === undefined
    ? `${root}/openai/v1/chat/completions`
    : `${root}/openai/deployments/${encodeURIComponent(model)}/chat/completions?api-version=${encodeURIComponent(apiVersion)}`
}
