/**
 * Gemini on Vertex AI: the same bodies as the Gemini API, another address, and a token of the
 * machine's own sign-in (`google-auth-library`, an optional peer). With an API key (express mode)
 * no package is needed.
 * @see https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
 */
import { isObject } from '../vocabulary/json.ts'
import { type Extras, ExtrasBook } from './extras.ts'
import { geminiFailure } from './gemini-failure.ts'
import { geminiBody, geminiCompletion } from './gemini-wire.ts'
import { errorBodyOf, httpFailure } from './http-failure.ts'
import { type JsonResponse, postJson, tellableFailure, unreadable } from './http-json.ts'
import { importPeer } from './import-peer.ts'
import {
  type Completion,
  type CompletionRequest,
  type Provider,
  ProviderError,
} from './provider.ts'
import { isFunction } from './reflect.ts'
import { secretsIn } from './secrets-in.ts'
import type { ProviderSetting } from './setting.ts'

const peer = 'google-auth-library'
const scope = 'https://www.googleapis.com/auth/cloud-platform'

/** The machine's sign-in; `GoogleAuth` of the peer. */
interface SignIn {
  getAccessToken(): Promise<unknown>
  getProjectId(): Promise<unknown>
}

/** What it is made of: the clock, and who signs in (by default the peer). */
interface VertexParts {
  readonly now?: () => number
  readonly makeSignIn?: () => Promise<SignIn>
}

/** A client of one Gemini model on Vertex AI. */
export class VertexAi implements Provider {
  readonly name: string
  readonly #setting: ProviderSetting
  readonly #now: () => number
  readonly #extras: ExtrasBook
  readonly #makeSignIn: () => Promise<SignIn>
  #signIn: Promise<SignIn> | undefined

  constructor(setting: ProviderSetting, { now = Date.now, makeSignIn = signIn }: VertexParts = {}) {
    this.name = `vertex-ai/${setting.model}`
    this.#setting = setting
    this.#now = now
    this.#makeSignIn = makeSignIn
    this.#extras = new ExtrasBook(setting, 'low')
  }

  complete(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    return this.#extras.ask((extras) => this.#ask(request, extras, signal))
  }

  async #ask(request: CompletionRequest, extras: Extras, signal: AbortSignal): Promise<Completion> {
    const { url, headers } = await this.#addressed()
    const body = geminiBody(request, this.#setting, extras)
    const { headers: further } = this.#setting
    const response = await postJson({ url, headers: { ...headers, ...further }, body, signal })
    if (response.status !== 200) throw this.#failure(response, headers)
    if (!isObject(response.json)) throw unreadable(response, 'expected an object')
    return geminiCompletion(response.json)
  }

  #failure(response: JsonResponse, headers: Readonly<Record<string, string>>): ProviderError {
    const { status, json } = response
    const error = isObject(json) ? json['error'] : undefined
    const details = isObject(error) ? error['details'] : undefined
    const { message } = errorBodyOf(response)
    const general = httpFailure(response, this.#now())
    const particular = geminiFailure(status, { message, details }, this.#now())
    const failure = status < 400 ? general : { ...general, ...particular }
    const signs = Object.values(headers).map((value) => value.replace(/^Bearer /, ''))
    return tellableFailure(failure, [...secretsIn(this.#setting), ...signs])
  }

  async #addressed(): Promise<{ url: string; headers: Record<string, string> }> {
    const { apiKey, model, baseUrl, apiVersion = 'v1' } = this.#setting
    const root = `${baseUrl ?? addressOf(this.#setting)}/${apiVersion}`
    const path = `publishers/google/models/${encodeURIComponent(model)}:generateContent`
    if (apiKey !== undefined)
      return { url: `${root}/${path}`, headers: { 'x-goog-api-key': apiKey } }
    const { project, token } = await this.#signedIn()
    const { location = 'global' } = this.#setting
    return {
      url: `${root}/projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(location)}/${path}`,
      headers: { authorization: `Bearer ${token}` },
    }
  }

  async #signedIn(): Promise<{ readonly project: string; readonly token: string }> {
    this.#signIn ??= this.#makeSignIn()
    const auth = await this.#signIn
    try {
      const token = await auth.getAccessToken()
      const project = this.#setting.project ?? (await auth.getProjectId())
      if (typeof token === 'string' && typeof project === 'string') return { project, token }
    } catch (error) {
      throw signInFailure(error)
    }
    throw new ProviderError({
      kind: 'auth',
      message:
        'vertex-ai: nobody is signed in, or there is no project; run: gcloud auth application-default login, and set GOOGLE_CLOUD_PROJECT or give project',
    })
  }
}

/** The sign-in fails for want of a network, or for want of somebody to be. */
function signInFailure(error: unknown): ProviderError {
  const why = error instanceof Error ? error.message : String(error)
  const code = isObject(error) ? error['code'] : undefined
  const isNetwork = typeof code === 'string' && /^E[A-Z]+$/.test(code)
  const message = `vertex-ai: ${why}`.slice(0, 500)
  return new ProviderError({ kind: isNetwork ? 'network' : 'auth', message }, { cause: error })
}

function addressOf({ location = 'global' }: ProviderSetting): string {
  return location === 'global'
    ? 'https://aiplatform.googleapis.com'
    : `https://${location}-aiplatform.googleapis.com`
}

async function signIn(): Promise<SignIn> {
  const { GoogleAuth } = await importPeer(peer, 'vertex-ai without an API key')
  const auth: unknown = isFunction(GoogleAuth)
    ? Reflect.construct(GoogleAuth, [{ scopes: [scope] }])
    : undefined
  if (isSignIn(auth)) return auth
  const message = `${peer} is installed, but has no GoogleAuth; expected version 9 or newer`
  throw new ProviderError({ kind: 'invalid_request', message })
}

function isSignIn(value: unknown): value is SignIn {
  return (
    typeof value === 'object' &&
    value !== null &&
    'getAccessToken' in value &&
    isFunction(value.getAccessToken) &&
    'getProjectId' in value &&
    isFunction(value.getProjectId)
  )
}
