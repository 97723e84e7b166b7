const taken = new Set()

/** Waits until nobody else works on this, then takes it. */
export async function turnOf(key) {
  while (taken.has(key)) await Promise.resolve()
  taken.add(key)
  return () => taken.delete(key)
}
