import { inspect } from 'node:util'

/** What the test runner of Node says of one test; the only events that the summary needs. */
export type TestEvent =
  | {
      readonly type: 'passed'
      readonly name: string
      readonly nesting: number
      readonly isSuite: boolean
      readonly durationMs: number
      readonly leftOut?: string
    }
  | {
      readonly type: 'failed'
      readonly name: string
      readonly nesting: number
      readonly isSuite: boolean
      readonly error: string
      readonly at?: string
    }
  | { readonly type: 'output'; readonly text: string }

interface RunnerEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly nesting?: number
    readonly file?: string
    readonly line?: number
    readonly message?: string
    readonly skip?: string | boolean
    readonly todo?: string | boolean
    readonly details?: {
      readonly duration_ms?: number
      readonly type?: string
      readonly error?: { readonly failureType?: string; readonly cause?: unknown }
    }
  }
}

// The runner's own loader of reporters takes the module's default export, hence this one exception.
// oxlint-disable-next-line import/no-default-export
export default async function* eventReporter(
  events: AsyncIterable<RunnerEvent>,
): AsyncGenerator<string> {
  for await (const event of events) {
    const translated = translate(event)
    if (translated !== undefined) yield `${JSON.stringify(translated)}\n`
  }
}

function translate({ type, data }: RunnerEvent): TestEvent | undefined {
  if (type === 'test:stdout' || type === 'test:stderr') {
    return { type: 'output', text: data.message ?? '' }
  }
  if (type !== 'test:pass' && type !== 'test:fail') return undefined
  const name = data.name ?? '(no name)'
  const nesting = data.nesting ?? 0
  // For a file without a test, Node reports the file itself as a test that passed.
  const isFile = nesting === 0 && name.includes('.test.') && data.file?.endsWith(name) === true
  const isSuite = data.details?.type === 'suite' || (isFile && type === 'test:pass')
  const reason = leftOutReason(data)
  if (type === 'test:pass' || reason !== undefined) {
    const durationMs = data.details?.duration_ms ?? 0
    return { type: 'passed', name, nesting, isSuite, durationMs, ...optional('leftOut', reason) }
  }
  const error = data.details?.error
  // A parent fails because a child did: the child has said so already.
  const echoes = error?.failureType === 'subtestsFailed'
  const text = inspect(error?.cause ?? error, { depth: 4 })
  const at = data.file === undefined ? undefined : `${data.file}:${data.line ?? 0}`
  return {
    type: 'failed',
    name,
    nesting,
    isSuite: isSuite || echoes,
    error: text,
    ...optional('at', at),
  }
}

function leftOutReason({ skip, todo }: RunnerEvent['data']): string | undefined {
  for (const [mark, word] of [
    [skip, 'skipped'],
    [todo, 'todo'],
  ] as const) {
    if (typeof mark === 'string') return mark === '' ? `${word} without a reason` : mark
    if (mark === true) return `${word} without a reason`
  }
  return undefined
}

function optional<Key extends string>(
  key: Key,
  value: string | undefined,
): { readonly [K in Key]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: string })
}
