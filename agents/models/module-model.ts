/**
 * A model that a module of the user's exports: a function, or a model object of the AI SDK. It is
 * imported in the root thread, so it answers also while the main thread is blocked.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { askMainModel } from './ask-main-model.ts'
import { parseMainModel } from './main-model.ts'
import { promptFor } from './model-prompt.ts'
import { type Provider, ProviderError } from './provider.ts'
import type { ProviderSetting } from './setting.ts'

/**
 * @returns The client.
 * @throws {ProviderError} The module cannot be imported, or exports no model under that name.
 */
export async function loadModule(setting: ProviderSetting): Promise<Provider> {
  const { module: address = '', export: name = 'default' } = setting
  const exported = (await imported(address))[name]
  const model = parseMainModel(exported)
  if (model === undefined)
    throw new ProviderError({
      kind: 'invalid_request',
      message: `${address} exports no model as '${name}'; expected a function (prompt, { signal }) => text, or a model object of the AI SDK`,
    })
  return {
    name: `module/${setting.model}`,
    complete: (request, signal) => askMainModel(model, promptFor(request), signal),
  }
}

async function imported(address: string): Promise<Readonly<Record<string, unknown>>> {
  const url = URL.canParse(address) ? address : pathToFileURL(resolve(address)).href
  try {
    const loaded: Record<string, unknown> = await import(url)
    return loaded
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ProviderError(
      {
        kind: 'invalid_request',
        message: `the module ${address} cannot be imported: ${why}`.slice(0, 500),
      },
      { cause: error },
    )
  }
}
