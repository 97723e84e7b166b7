/**
 * A strict stand-in for the Gemini Developer API over HTTP, written from its documented protocol and
 * not from our client: it checks method, path, key, roles and contents, and can fail in all the ways
 * that a real service can.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerBadly, type BadAnswer } from './bad-answers.ts'

/** One scripted answer. */
export type FakeAnswer =
  | {
      readonly type: 'text'
      readonly text: string
      readonly finishReason?: string
      readonly thought?: string
      readonly usage?: object
    }
  | { readonly type: 'json'; readonly body: unknown }
  | {
      readonly type: 'error'
      readonly status: number
      readonly message: string
      readonly details?: readonly object[]
    }
  | BadAnswer

/** The part of a request that tests look at. */
export interface GeminiBody {
  readonly contents: { readonly role: string; readonly parts?: { readonly text?: string }[] }[]
  readonly systemInstruction: { readonly parts: { readonly text: string }[] }
  readonly generationConfig: {
    readonly maxOutputTokens: number
    readonly thinkingConfig?: object
    readonly temperature?: number
    readonly responseJsonSchema: { readonly anyOf: GeminiShape[] }
  }
}

interface GeminiShape {
  readonly properties: { readonly intent: { readonly enum: string[] } }
  readonly propertyOrdering: string[]
}

export interface FakeRequest {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: GeminiBody
}

export interface FakeGemini {
  readonly baseUrl: string
  readonly requests: FakeRequest[]
  /** Resolves when the n-th request (from 1) has arrived. */
  arrived(n: number): Promise<void>
  /** Requests whose connection the client has closed before an answer. */
  readonly abandoned: () => number
  stop(): Promise<void>
}

/** RetryInfo as the service sends it with a 429. */
export const retryInfo = (seconds: number) => ({
  '@type': 'type.googleapis.com/google.rpc.RetryInfo',
  retryDelay: `${seconds}s`,
})
/** QuotaFailure of a daily quota. */
export const dailyQuota = {
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [
    {
      quotaMetric: 'generativelanguage.googleapis.com/generate_requests',
      quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
    },
  ],
}

/** Answers in the order of the script; the last answer repeats. */
export async function fakeGemini(
  script: readonly FakeAnswer[],
  { apiKey = 'test-key-0123456789' }: { readonly apiKey?: string } = {},
): Promise<FakeGemini> {
  const requests: FakeRequest[] = []
  const waiters: { n: number; resolve: () => void }[] = []
  let abandoned = 0
  let used = 0
  const server = createServer((request, response) => {
    response.on('close', () => (abandoned += response.writableEnded ? 0 : 1))
    void read(request).then((text) => {
      const body = parse(text)
      requests.push({
        url: request.url ?? '',
        headers: request.headers,
        body: body ?? ({} as GeminiBody),
      })
      for (const { n, resolve } of waiters) if (requests.length >= n) resolve()
      const refusal = refusalOf(request, body, apiKey)
      const answer = refusal ?? script[Math.min(used, script.length - 1)] ?? { type: 'hang' }
      if (refusal === undefined) used += 1
      send(response, answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    arrived: (n) =>
      requests.length >= n
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push({ n, resolve })),
    abandoned: () => abandoned,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) text += chunk
  return text
}

function parse(text: string): GeminiBody | undefined {
  try {
    return JSON.parse(text) as GeminiBody
  } catch {
    return undefined
  }
}

/** What the service refuses before any model is asked. */
function refusalOf(
  request: IncomingMessage,
  body: GeminiBody | undefined,
  apiKey: string,
): FakeAnswer | undefined {
  const refuse = (status: number, message: string, details?: object[]): FakeAnswer => ({
    type: 'error',
    status,
    message,
    ...(details === undefined ? {} : { details }),
  })
  if (
    request.method !== 'POST' ||
    !/^\/v1(beta)?\/models\/[\w.-]+:generateContent$/.test(request.url ?? '')
  )
    return refuse(404, 'Requested entity was not found.')
  if (request.headers['x-goog-api-key'] !== apiKey)
    return refuse(400, 'API key not valid. Please pass a valid API key.', [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'API_KEY_INVALID',
        domain: 'googleapis.com',
      },
    ])
  if (body === undefined) return refuse(400, 'Invalid JSON payload received.')
  if (!Array.isArray(body.contents) || body.contents.length === 0)
    return refuse(400, '* GenerateContentRequest.contents: contents is not specified')
  const wrong = body.contents.find((content) => !['user', 'model'].includes(content.role))
  if (wrong !== undefined)
    return refuse(
      400,
      `Role '${wrong.role}' is not supported. Please use a valid role: SYSTEM, USER, MODEL.`,
    )
  if (body.contents.at(-1)?.role !== 'user')
    return refuse(400, 'Please ensure that the last turn is a user turn.')
  const empty = body.contents.some(
    (content) => !content.parts?.every((part) => typeof part.text === 'string' && part.text !== ''),
  )
  if (empty) return refuse(400, 'Unable to submit request because it must have a text parameter.')
  return JSON.stringify(body.generationConfig?.responseJsonSchema ?? {}).match(
    /"(const|oneOf|maxLength|minLength|maxItems|pattern|\$schema)":/,
  )
    ? refuse(400, 'Invalid JSON schema: unsupported keyword')
    : undefined
}

function send(response: ServerResponse, answer: FakeAnswer): void {
  const json = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
    response.end(JSON.stringify(body))
  }
  switch (answer.type) {
    case 'text':
      return json(200, textBody(answer))
    case 'json':
      return json(200, answer.body)
    case 'error':
      return json(answer.status, {
        error: {
          code: answer.status,
          message: answer.message,
          status: 'FAILED',
          ...(answer.details === undefined ? {} : { details: answer.details }),
        },
      })
    case 'raw':
    case 'hang':
    case 'endless':
    case 'reset':
      answerBadly(response, answer)
  }
}

function textBody(answer: Extract<FakeAnswer, { type: 'text' }>): object {
  const thought = answer.thought === undefined ? [] : [{ text: answer.thought, thought: true }]
  return {
    candidates: [
      {
        content: {
          role: 'model',
          parts: [...thought, { text: answer.text, thoughtSignature: 'c2ln' }],
        },
        finishReason: answer.finishReason ?? 'STOP',
        index: 0,
      },
    ],
    usageMetadata: answer.usage ?? {
      promptTokenCount: 1000,
      candidatesTokenCount: 50,
      thoughtsTokenCount: 150,
      totalTokenCount: 1200,
    },
    modelVersion: 'gemini-3.8-flash',
    responseId: 'r1',
  }
}
