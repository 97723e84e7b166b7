/** The dialects of `strict-model-server.ts`: what each service refuses, and how it answers. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { ModelServerAnswer } from './strict-model-server.ts'

/** A refusal, or a failure by script. */
export interface Refusal {
  readonly status: number
  readonly message: string
  /** The service's own word for it: `overloaded_error`, `insufficient_quota`. */
  readonly code?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Gemini's `details`. */
  readonly details?: readonly object[]
}

type Text = Extract<ModelServerAnswer, { type: 'text' }>
// Bodies of five protocols, read as they come.
// oxlint-disable-next-line typescript/no-explicit-any
type Body = any

export interface Dialect {
  readonly path: RegExp
  readonly isSignedIn: (headers: IncomingHttpHeaders, key: string) => boolean
  readonly wrongKey: Refusal
  readonly check: (body: Body, request: IncomingMessage) => Refusal | undefined
  readonly errorBody: (refusal: Refusal) => object
  readonly answerBody: (answer: Text) => object
}

const bad = (message: string): Refusal => ({ status: 400, message, code: 'invalid_request_error' })
const bearer = (headers: IncomingHttpHeaders, key: string) =>
  headers.authorization === `Bearer ${key}`

/** The first of several checks that refuses. */
const first = (...refusals: (Refusal | false | undefined)[]): Refusal | undefined =>
  refusals.find((refusal) => refusal !== undefined && refusal !== false) || undefined

function unknownKey(body: Body, known: readonly string[]): Refusal | undefined {
  const key = Object.keys(body).find((one) => !known.includes(one))
  return key === undefined ? undefined : bad(`${key}: Extra inputs are not permitted`)
}

/** Every object is closed; strict mode of OpenAI wants every key required as well. */
function schemaRefusal(schema: Body, requireAll: boolean): Refusal | undefined {
  const text = JSON.stringify(schema)
  const keyword = /"(oneOf|minLength|maxLength|pattern|\$schema|default|shorten|clamp)":/.exec(text)
  if (keyword !== null) return bad(`Invalid schema: '${keyword[1]}' is not permitted.`)
  if (schema.type !== 'object' || schema.anyOf !== undefined)
    return bad(`Invalid schema: schema must be a JSON Schema of 'type: "object"'`)
  return objects(schema)
    .map((object) => {
      const names = Object.keys(object.properties)
      if (object.additionalProperties !== false)
        return bad("Invalid schema: 'additionalProperties' is required to be false.")
      const missing = requireAll && names.find((name) => !object.required?.includes(name))
      return missing ? bad(`Invalid schema: 'required' must include '${missing}'.`) : undefined
    })
    .find((refusal) => refusal !== undefined)
}

function objects(schema: Body): Body[] {
  if (typeof schema !== 'object' || schema === null) return []
  const inner = Object.values(schema).flatMap(objects)
  return schema.properties === undefined ? inner : [schema, ...inner]
}

function rolesRefusal(messages: Body, roles: readonly string[]): Refusal | undefined {
  if (!Array.isArray(messages) || messages.length === 0)
    return bad('messages: at least one message is required')
  const wrong = messages.find(({ role }: Body) => !roles.includes(role))
  if (wrong !== undefined) return bad(`Invalid value: '${wrong.role}'. Supported: ${roles.join()}`)
  return messages.at(-1).role === 'user' ? undefined : bad('the last message must be the user’s')
}

function alternation(messages: Body[]): Refusal | undefined {
  const isWrong = messages.some(({ role }, index) => role !== ['user', 'assistant'][index % 2])
  return isWrong
    ? bad('messages: roles must alternate between "user" and "assistant", "user" first')
    : undefined
}

const integer = (value: unknown) => Number.isInteger(value) && (value as number) > 0

// ---------------------------------------------------------------- OpenAI and alike

function chatDialect(
  path: RegExp,
  limit: 'max_tokens' | 'max_completion_tokens',
  changes: Partial<Dialect> = {},
): Dialect {
  const keys = ['model', 'messages', 'temperature', 'reasoning_effort', 'response_format', limit]
  if (limit === 'max_tokens') keys.push('usage')
  return {
    path,
    isSignedIn: bearer,
    wrongKey: { status: 401, message: 'Incorrect API key provided.', code: 'invalid_api_key' },
    check: (body) => {
      const format = body.response_format
      return first(
        Object.keys(body).some((key) => key.startsWith('max_') && key !== limit) &&
          bad(`Unsupported parameter: use '${limit}' instead.`),
        unknownKey(body, keys),
        !integer(body[limit]) && bad(`Invalid '${limit}'`),
        typeof body.model !== 'string' && bad('you must provide a model parameter'),
        rolesRefusal(body.messages, ['system', 'user', 'assistant']),
        body.messages?.some(({ content }: Body) => typeof content !== 'string' || content === '') &&
          bad('Invalid type for content: expected a string that is not empty'),
        format !== undefined &&
          (format.json_schema?.strict !== true || !/^[\w-]{1,64}$/.test(format.json_schema.name)) &&
          bad("Missing required parameter: 'response_format.json_schema'"),
        format === undefined ? undefined : schemaRefusal(format.json_schema.schema, true),
      )
    },
    errorBody: ({ message, code }) => ({ error: { message, type: code, code, param: null } }),
    answerBody: ({ text, finish = 'stop', uncounted }) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_795_000_000,
      model: 'gpt-5.4-mini-2026-03-17',
      choices: [
        {
          index: 0,
          finish_reason: { stop: 'stop', length: 'length', refusal: 'stop', odd: 'error' }[finish],
          logprobs: null,
          message:
            finish === 'refusal'
              ? { role: 'assistant', content: null, refusal: 'I cannot help with that.' }
              : { role: 'assistant', content: text, refusal: null },
        },
      ],
      ...(uncounted === true
        ? {}
        : {
            usage: {
              prompt_tokens: 1000,
              completion_tokens: 200,
              total_tokens: 1200,
              prompt_tokens_details: { cached_tokens: 400 },
              completion_tokens_details: { reasoning_tokens: 150 },
            },
          }),
    }),
    ...changes,
  }
}

const azure: Partial<Dialect> = {
  isSignedIn: (headers, key) => headers['api-key'] === key && headers.authorization === undefined,
  wrongKey: { status: 401, message: 'Access denied due to invalid subscription key.', code: '401' },
}

const openRouterChat = chatDialect(/^\/api\/v1\/chat\/completions$/, 'max_tokens')
const openRouter: Dialect = {
  ...openRouterChat,
  answerBody: (answer) => {
    const body: Body = openRouterChat.answerBody(answer)
    return { ...body, usage: { ...body.usage, cost: 0.0123 } }
  },
}

// ---------------------------------------------------------------- Anthropic

const anthropic: Dialect = {
  path: /^\/v1\/messages$/,
  isSignedIn: (headers, key) => headers['x-api-key'] === key,
  wrongKey: { status: 401, message: 'invalid x-api-key', code: 'authentication_error' },
  check: (body, { headers }) =>
    first(
      !/^\d{4}-\d{2}-\d{2}$/.test(String(headers['anthropic-version'] ?? '')) &&
        bad('anthropic-version: header is required'),
      unknownKey(body, [
        'model',
        'max_tokens',
        'system',
        'messages',
        'temperature',
        'output_config',
      ]),
      !integer(body.max_tokens) && bad('max_tokens: Field required'),
      rolesRefusal(body.messages, ['user', 'assistant']),
      alternation(body.messages ?? []),
      [...(body.system ?? []), ...body.messages.flatMap(({ content }: Body) => content)].some(
        (block: Body) => block.type !== 'text' || block.text === '',
      ) && bad('messages: text content blocks must be non-empty'),
      (JSON.stringify(body).match(/"cache_control"/g) ?? []).length > 4 &&
        bad('A maximum of 4 blocks with cache_control may be provided.'),
      body.output_config?.format === undefined
        ? undefined
        : schemaRefusal(body.output_config.format.schema, false),
    ),
  errorBody: ({ message, code = 'api_error' }) => ({
    type: 'error',
    error: { type: code, message },
    request_id: 'req_1',
  }),
  answerBody: ({ text, finish = 'stop', uncounted }) => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content: [
      { type: 'thinking', thinking: 'Hmm {', signature: 'c2ln' },
      ...(finish === 'refusal' ? [] : [{ type: 'text', text }]),
    ],
    stop_reason: {
      stop: 'end_turn',
      length: 'max_tokens',
      refusal: 'refusal',
      odd: 'pause_turn',
    }[finish],
    stop_sequence: null,
    ...(uncounted === true
      ? {}
      : {
          usage: {
            input_tokens: 500,
            cache_read_input_tokens: 400,
            cache_creation_input_tokens: 100,
            output_tokens: 200,
          },
        }),
  }),
}

// ---------------------------------------------------------------- Bedrock Converse

const converse: Dialect = {
  path: /^\/model\/[^/]+\/converse$/,
  isSignedIn: (headers, key) =>
    bearer(headers, key) ||
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=[\w;:-]+, Signature=[0-9a-f]{64}$/.test(
      headers.authorization ?? '',
    ),
  wrongKey: {
    status: 403,
    message: 'The security token included in the request is invalid.',
    code: 'UnrecognizedClientException',
  },
  check: (body) =>
    first(
      unknownKey(body, ['system', 'messages', 'inferenceConfig']),
      !integer(body.inferenceConfig?.maxTokens) && bad('inferenceConfig.maxTokens is required'),
      rolesRefusal(body.messages, ['user', 'assistant']),
      alternation(body.messages ?? []),
      body.messages?.some(({ content }: Body) => content?.some(({ text }: Body) => text === '')) &&
        bad('The text field in the ContentBlock object is blank.'),
    ),
  errorBody: ({ message, code }) => ({ message, ...(code === undefined ? {} : { __type: code }) }),
  answerBody: ({ text, finish = 'stop', uncounted }) => ({
    output: {
      message: {
        role: 'assistant',
        content: finish === 'refusal' ? [] : [{ text }],
      },
    },
    stopReason: {
      stop: 'end_turn',
      length: 'max_tokens',
      refusal: 'guardrail_intervened',
      odd: 'malformed_model_output',
    }[finish],
    metrics: { latencyMs: 1 },
    ...(uncounted === true
      ? {}
      : {
          usage: {
            inputTokens: 500,
            cacheReadInputTokens: 400,
            cacheWriteInputTokens: 100,
            outputTokens: 200,
            totalTokens: 1200,
          },
        }),
  }),
}

// ---------------------------------------------------------------- Vertex AI

const vertex: Dialect = {
  path: /^\/v1\/(projects\/[\w-]+\/locations\/[\w-]+\/)?publishers\/google\/models\/[\w.-]+:generateContent$/,
  isSignedIn: (headers, key) =>
    (headers['x-goog-api-key'] === key && headers.authorization === undefined) ||
    (bearer(headers, key) && headers['x-goog-api-key'] === undefined),
  wrongKey: {
    status: 401,
    message: 'Request had invalid authentication credentials.',
    code: 'UNAUTHENTICATED',
  },
  check: (body) =>
    first(
      unknownKey(body, ['systemInstruction', 'contents', 'generationConfig']),
      rolesRefusal(
        body.contents?.map(({ role }: Body) => ({ role })),
        ['user', 'model'],
      ),
      /"(const|oneOf|maxLength|minLength|maxItems|pattern|\$schema)":/.test(
        JSON.stringify(body.generationConfig?.responseJsonSchema ?? {}),
      ) && bad('Invalid JSON schema: unsupported keyword'),
    ),
  errorBody: ({ status, message, code = 'INVALID_ARGUMENT', details }) => ({
    error: { code: status, message, status: code, ...(details === undefined ? {} : { details }) },
  }),
  answerBody: ({ text, finish = 'stop', uncounted }) => ({
    candidates: [
      {
        content: {
          role: 'model',
          parts: [{ text: 'Hmm {', thought: true }, ...(finish === 'refusal' ? [] : [{ text }])],
        },
        finishReason: {
          stop: 'STOP',
          length: 'MAX_TOKENS',
          refusal: 'SAFETY',
          odd: 'MALFORMED_RESPONSE',
        }[finish],
      },
    ],
    modelVersion: 'gemini-3.8-flash',
    ...(uncounted === true
      ? {}
      : {
          usageMetadata: {
            promptTokenCount: 1000,
            candidatesTokenCount: 50,
            thoughtsTokenCount: 150,
            cachedContentTokenCount: 400,
          },
        }),
  }),
}

export const dialects: readonly Dialect[] = [
  chatDialect(/^\/v1\/chat\/completions$/, 'max_completion_tokens'),
  // a server at home: it looks at no key
  chatDialect(/^\/local\/v1\/chat\/completions$/, 'max_tokens', { isSignedIn: () => true }),
  openRouter,
  chatDialect(/^\/openai\/v1\/chat\/completions$/, 'max_completion_tokens', azure),
  chatDialect(
    /^\/openai\/deployments\/[\w-]+\/chat\/completions\?api-version=\d{4}-\d{2}-\d{2}(-preview)?$/,
    'max_completion_tokens',
    azure,
  ),
  anthropic,
  converse,
  vertex,
]
