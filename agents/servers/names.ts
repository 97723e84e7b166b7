/** Registered names of nodelens's own actors. */
export const names = {
  journal: 'nodelens.journal',
  model: 'nodelens.model',
  probe: 'nodelens.probe',
  sandbox: 'nodelens.sandbox',
  observer: 'nodelens.observer',
  operators: 'nodelens.operators',
  coordinator: 'nodelens.coordinator',
  door: 'nodelens.door',
  triggers: 'nodelens.triggers',
  lookouts: 'nodelens.lookouts',
} as const

/** The name of a skill's operator. */
export function operatorName(skill: string): string {
  return `nodelens.operator.${skill}`
}

/** The name of the strategy of a run that has its own. */
export function strategyName(runId: string): string {
  return `nodelens.strategy.${runId}`
}

/** Main's actor, which sends the probe gateway a port. */
export const mainName = 'nodelens.main'
