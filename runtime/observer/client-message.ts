import * as v from 'valibot'

/** What a client may say. Unknown fields are refused, so that a typing error is noticed. */
export const clientMessageSchema = v.variant('type', [
  v.strictObject({
    type: v.literal('subscribe'),
    /** Differences of the tree? Default: as before (at first: yes). */
    tree: v.exactOptional(v.boolean()),
    /** Topics wanted. Default: as before (at first: all). */
    topics: v.exactOptional(
      v.pipe(v.array(v.pipe(v.string(), v.maxLength(100))), v.maxLength(100)),
    ),
  }),
  v.strictObject({ type: v.literal('pause') }),
  v.strictObject({ type: v.literal('resume') }),
  v.strictObject({ type: v.literal('pong'), at: v.exactOptional(v.number()) }),
])

export type ClientMessage = v.InferOutput<typeof clientMessageSchema>

/** A message understood, or one line that says what was expected. */
export type ParsedMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly error: string }

const EXPECTED =
  'Expected one JSON object: {"type":"subscribe","tree":boolean,"topics":[names]}, {"type":"pause"}, {"type":"resume"} or {"type":"pong"}.'

/** Reads one text frame of a client; never throws. */
export function parseClientMessage(text: string): ParsedMessage {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, error: `The message is not JSON. ${EXPECTED}` }
  }
  const result = v.safeParse(clientMessageSchema, value)
  if (result.success) return { ok: true, message: result.output }
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  const where = path === null ? 'the message' : `'${path.slice(0, 100)}'`
  const got = issue.received.slice(0, 100)
  return {
    ok: false,
    error: `In ${where}: expected ${issue.expected ?? 'another value'}, got ${got}. ${EXPECTED}`,
  }
}
