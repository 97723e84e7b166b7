/** Converse through the AWS client, where the machine's own way to sign in is wanted. */
import { isObject } from '../vocabulary/json.ts'
import type { ConverseInput } from './bedrock.ts'
import type { JsonResponse } from './http-json.ts'
import { importPeer } from './import-peer.ts'
import { ProviderError } from './provider.ts'
import { isFunction } from './reflect.ts'
import type { ProviderSetting } from './setting.ts'

const peer = '@aws-sdk/client-bedrock-runtime'

interface Sender {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<unknown>
}

/** What is used of the package, made once. */
interface Loaded {
  readonly client: Sender
  readonly command: (input: object) => object
}

export class BedrockClient {
  readonly #setting: ProviderSetting
  #loaded: Promise<Loaded> | undefined

  constructor(setting: ProviderSetting) {
    this.#setting = setting
  }

  /** An error of the service comes as a response with its status. */
  async converse(input: ConverseInput, signal: AbortSignal): Promise<JsonResponse> {
    this.#loaded ??= load(this.#setting)
    const { client, command } = await this.#loaded
    const sent = command({ modelId: this.#setting.model, ...input })
    try {
      const output = await client.send(sent, { abortSignal: signal })
      return { status: 200, headers: new Headers(), json: output, text: '' }
    } catch (error) {
      if (signal.aborted) throw new ProviderError({ kind: 'aborted', message: 'aborted' })
      return responseOf(error)
    }
  }
}

async function load({ region, baseUrl }: ProviderSetting): Promise<Loaded> {
  const found = await importPeer(peer, 'aws-bedrock without a Bedrock API key')
  const { BedrockRuntimeClient: Client, ConverseCommand: Command } = found
  if (!isFunction(Client) || !isFunction(Command)) throw unusable()
  const client: unknown = Reflect.construct(Client, [
    {
      // retries are the gateway's
      maxAttempts: 1,
      ...(region === undefined ? {} : { region }),
      ...(baseUrl === undefined ? {} : { endpoint: baseUrl }),
    },
  ])
  if (!isSender(client)) throw unusable()
  return { client, command: (input) => objectFrom(Reflect.construct(Command, [input])) }
}

function unusable(): ProviderError {
  const message = `${peer} is installed, but has no BedrockRuntimeClient and ConverseCommand; expected version 3`
  return new ProviderError({ kind: 'invalid_request', message })
}

function isSender(value: unknown): value is Sender {
  return typeof value === 'object' && value !== null && 'send' in value && isFunction(value.send)
}

function objectFrom(value: unknown): object {
  if (typeof value === 'object' && value !== null) return value
  throw unusable()
}

/** @throws {ProviderError} Nothing came from the service: no network, or nobody to sign in as. */
function responseOf(error: unknown): JsonResponse {
  const message = error instanceof Error ? error.message : String(error)
  const metadata = isObject(error) ? error['$metadata'] : undefined
  const status = isObject(metadata) ? metadata['httpStatusCode'] : undefined
  const name = error instanceof Error ? error.name : ''
  if (typeof status === 'number')
    return {
      status,
      headers: headersOf(error),
      json: { message, __type: name },
      text: message,
    }
  const isSignIn = /Credential|Token|Sso/i.test(name)
  throw new ProviderError({ kind: isSignIn ? 'auth' : 'network', message }, { cause: error })
}

function headersOf(error: unknown): Headers {
  const response = isObject(error) ? error['$response'] : undefined
  const headers = isObject(response) ? response['headers'] : undefined
  const entries = isObject(headers) ? Object.entries(headers) : []
  return new Headers(
    entries.flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}
