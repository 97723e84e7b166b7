/** What models do to JSON. Undefined: the mutation does not fit the answer. */
import type { Answer } from './answers.ts'

type Action = Answer['action']
type Mutation = (action: Action) => string | undefined

const json = (action: object) => JSON.stringify(action)
const pretty = (action: object) => JSON.stringify(action, null, 2)

/** Changes one field, if there is one that fits. */
const field =
  (fits: (value: unknown) => boolean, change: (value: never) => unknown): Mutation =>
  (action) => {
    const found = Object.entries(action).find(([key, value]) => key !== 'intent' && fits(value))
    return found && json({ ...action, [found[0]]: change(found[1] as never) })
  }

const isText = (value: unknown) => typeof value === 'string'
const isNumber = (value: unknown) => typeof value === 'number'
const isBoolean = (value: unknown) => typeof value === 'boolean'
const isListOfTexts = (value: unknown) => Array.isArray(value) && typeof value[0] === 'string'
const renamed = (action: Action, rename: (key: string) => string) =>
  json(Object.fromEntries(Object.entries(action).map(([key, value]) => [rename(key), value])))
const camelToSnake = (key: string) =>
  key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const mutations: Readonly<Record<string, Mutation>> = {
  'as it should be': json,
  indented: pretty,
  'in a fence': (action) => `\`\`\`json\n${pretty(action)}\n\`\`\``,
  'in a fence that does not end': (action) => `\`\`\`json\n${pretty(action)}`,
  'prose before': (action) => `Let me look at this first. ${json(action)}`,
  'prose after': (action) => `${json(action)}\nThis is what I would do.`,
  'prose around': (action) => `I think:\n\n${json(action)}\n\nIs that fine?`,
  'prose with braces before': (action) => `Given {the state} of it: ${json(action)}`,
  'a trailing comma': (action) => json(action).replace(/}$/, ',}'),
  'single quotes': (action) =>
    json(action).includes("'") || json(action).includes('\\"')
      ? undefined
      : json(action).replaceAll('"', "'"),
  'unquoted keys': (action) => pretty(action).replaceAll(/^(\s*)"(\w+)":/gm, '$1$2:'),
  comments: (action) => pretty(action).replace('\n', '\n  // what I choose\n'),
  'typographic quotes': (action) =>
    json(action).includes('\\"') ? undefined : json(action).replaceAll(/"([^"]*)"/g, '“$1”'),
  'raw line ends in a text': (action) =>
    json(action).includes('\\n') ? json(action).replaceAll('\\n', '\n') : undefined,
  'the last brace is missing': (action) => json(action).slice(0, -1),
  'cut in the middle': (action) => json(action).slice(0, Math.floor(json(action).length * 0.7)),
  'braces twice': (action) => `{${json(action)}}`,
  'a list of one': (action) => json([action]),
  'two objects': (action) => `${json(action)}\n${json({ intent: 'think', thought: 'next' })}`,
  'under action': (action) => json({ action }),
  'as a call': ({ intent, ...rest }) => json({ name: intent, arguments: rest }),
  'the intent as key': ({ intent, ...rest }) => json({ [intent]: rest }),
  'intent in capitals': (action) => json({ ...action, intent: action.intent.toUpperCase() }),
  'intent in another style': (action) =>
    json({ ...action, intent: action.intent.replaceAll('_', ' ') }),
  'keys in another style': (action) => renamed(action, camelToSnake),
  'intent last': ({ intent, ...rest }) => json({ ...rest, intent }),
  'a key too many': (action) => json({ ...action, confidence_score: 0.9 }),
  'a number as text': field(isNumber, (value: number) => String(value)),
  'a number in words': field(isNumber, (value: number) => `about ${value} of them`),
  'a broken number': field(isNumber, (value: number) => value + 0.4),
  'a number for a text': field(isText, () => 42),
  'a yes for a boolean': field(isBoolean, () => 'yes'),
  'a text for a list': field(isListOfTexts, ([first]: string[]) => first),
  'an empty list': field(isListOfTexts, () => []),
  'null for a text': field(isText, () => null),
  'literals of Python': (action) =>
    /true|false|null/.test(json({ ...action, x: null }))
      ? json({ ...action, note: null })
          .replaceAll('true', 'True')
          .replaceAll('null', 'None')
      : undefined,
  'no intent': (action) =>
    json(Object.fromEntries(Object.entries(action).filter(([key]) => key !== 'intent'))),
  'an unknown intent': (action) => json({ ...action, intent: 'restart_server' }),
  'a word that is none of the list': (action) =>
    'state' in action ? json({ ...action, state: 'alarming' }) : undefined,
  'a word of the list in capitals': (action) =>
    'state' in action ? json({ ...action, state: 'WARNING' }) : undefined,
  'nothing but prose': () => 'I would rather wait and see.',
  nothing: () => '',
}
