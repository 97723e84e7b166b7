/**
 * Share of the time in which tasks waited for a resource: some of them, or all that could run.
 * @see https://docs.kernel.org/accounting/psi.html
 */
export interface Pressure {
  readonly some10sPct: number
  /** Microseconds since boot. */
  readonly someTotalUs: number
  /** undefined where the kernel does not tell it (CPU of the whole machine, older kernels). */
  readonly full10sPct: number | undefined
}

/** Reads a file of /proc/pressure or a cgroup's; undefined of anything else. Pure. */
export function parsePressure(text: string | undefined): Pressure | undefined {
  const some = lineOf(text ?? '', 'some')
  if (some === undefined) return undefined
  return {
    some10sPct: some.avg10,
    someTotalUs: some.total,
    full10sPct: lineOf(text ?? '', 'full')?.avg10,
  }
}

function lineOf(
  text: string,
  name: string,
): { readonly avg10: number; readonly total: number } | undefined {
  const match = new RegExp(`^${name} avg10=([\\d.]+) .*total=(\\d+)`, 'm').exec(text)
  if (match === null) return undefined
  return { avg10: Number(match[1]), total: Number(match[2]) }
}
