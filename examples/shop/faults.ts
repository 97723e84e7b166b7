/**
 * The mistakes that this shop can be made to have. Each is one that real services shipped; all are
 * off until somebody asks for them on `POST /admin/faults`.
 */
export const faultNames = [
  'unbounded_price_cache',
  'slow_coupon_check',
  'quadratic_invoice',
] as const

export type FaultName = (typeof faultNames)[number]

const active = new Set<FaultName>()

export function isFaulty(name: FaultName): boolean {
  return active.has(name)
}

export function setFault(name: FaultName, on: boolean): void {
  if (on) active.add(name)
  else active.delete(name)
}

export function isFaultName(value: unknown): value is FaultName {
  return faultNames.some((name) => name === value)
}
