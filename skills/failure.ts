/** Why a callback or snapshot gave no value. */
export type SkillFailureCode =
  | 'unknown_callback'
  | 'bad_input'
  | 'main_blocked'
  | 'timeout'
  | 'threw'
  | 'too_large'
  | 'stopped'

const CODES: readonly string[] = [
  'unknown_callback',
  'bad_input',
  'main_blocked',
  'timeout',
  'threw',
  'too_large',
  'stopped',
]

/** Narrows text that came across a thread. */
export function isFailureCode(text: unknown): text is SkillFailureCode {
  return typeof text === 'string' && CODES.includes(text)
}

const FAILURE: unique symbol = Symbol.for('nodelens.failure')

/** A callback or snapshot that gave no value; `code` says why, the message what to do. */
export class SkillFailure extends Error {
  readonly code: SkillFailureCode
  readonly [FAILURE] = true

  constructor(code: SkillFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SkillFailure'
    this.code = code
  }
}
