/** What the skill `anomaly` learned, kept in the journal where there is one. */
import { call, cast } from '../../runtime/index.ts'
import type { AnomalySettings } from '../../skills/index.ts'
import { isObject } from '../vocabulary/json.ts'
import { names } from './names.ts'

/** Milliseconds to wait for what was learned: without it, learning begins anew. */
const loadMs = 3_000

/** The settings with the journal as the place for baselines; as they are, if it keeps none. */
export async function inJournal(settings: AnomalySettings = {}): Promise<AnomalySettings> {
  const { application } = settings
  if (application === undefined) return settings
  const learned = await loaded(application)
  if (learned === undefined) return settings
  return {
    ...settings,
    store: {
      load: () => learned.text,
      save: (text) => cast(names.journal, 'keepBaselines', { application, text }),
    },
  }
}

async function loaded(
  application: string,
): Promise<{ readonly text: string | undefined } | undefined> {
  try {
    const learned = await call(names.journal, 'baselines', application, { timeoutMs: loadMs })
    if (!isObject(learned)) return undefined
    const { text } = learned
    return { text: typeof text === 'string' ? text : undefined }
  } catch {
    return undefined
  }
}
