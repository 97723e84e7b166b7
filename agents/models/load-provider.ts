import { type Provider, ProviderError } from './provider.ts'
import type { ProviderSetting } from './setting.ts'

/** Loads a provider's client only when it is used: `rules` alone costs no memory for one. */
export async function loadProvider(setting: ProviderSetting): Promise<Provider> {
  switch (setting.provider) {
    case 'google-ai': {
      const { GoogleAi } = await import('./google-ai.ts')
      return new GoogleAi(setting)
    }
    case 'anthropic': {
      const { Anthropic } = await import('./anthropic.ts')
      return new Anthropic(setting)
    }
    case 'openai':
    case 'openai-generic':
    case 'openrouter':
    case 'azure-openai': {
      const { OpenAiChat } = await import('./openai-chat.ts')
      return new OpenAiChat(setting)
    }
    case 'aws-bedrock': {
      const { Bedrock } = await import('./bedrock.ts')
      return new Bedrock(setting)
    }
    case 'vertex-ai': {
      const { VertexAi } = await import('./vertex-ai.ts')
      return new VertexAi(setting)
    }
    case 'module': {
      const { loadModule } = await import('./module-model.ts')
      return loadModule(setting)
    }
    case 'function':
      throw new ProviderError({
        kind: 'invalid_request',
        message: 'a function lives in the main thread and is asked there; nobody told how',
      })
    default:
      return unknown(setting.provider)
  }
}

function unknown(provider: never): never {
  throw new TypeError(`unknown provider ${String(provider)}`)
}
