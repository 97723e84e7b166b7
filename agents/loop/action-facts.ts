import { actionFields } from '../telemetry-fields.ts'
import type { Json } from '../vocabulary/json.ts'
import type { Action } from '../vocabulary/model-request.ts'

/** What the event of an action tells beside its intent: names and numbers, no text of a model. */
export function actionFacts(action: Action): Record<string, Json> {
  const given: Readonly<Record<string, Json | undefined>> = { ...action }
  return Object.fromEntries(
    actionFields.flatMap((name) => {
      const value = given[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
