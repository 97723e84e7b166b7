import type { BaselineFile, BaselineProblem } from './baseline-file.ts'
import { type BaselineOwner, parseBaselines, renderBaselines } from './baseline-text.ts'

/** Another place than a file of its own for what was learned, as text. */
export interface BaselineStore {
  /** What was saved last; undefined: nothing. */
  load(): string | undefined
  save(text: string): void
}

/** Keeps baselines in a store, with the checks that a file of them gets. */
export function storedBaselines(
  store: BaselineStore,
  owner: BaselineOwner,
  onProblem: (problem: BaselineProblem) => void,
): Pick<BaselineFile, 'load' | 'save'> {
  return {
    load() {
      const text = store.load()
      if (text === undefined) return undefined
      const parsed = parseBaselines(text, owner)
      if (parsed.ok) return parsed.saved
      onProblem({ why: 'baselines-ignored', message: `the journal: ${parsed.problem}` })
      return undefined
    },
    save: (saved) => store.save(renderBaselines(saved, owner)),
  }
}
