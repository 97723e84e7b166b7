const MB = 1_048_576
/** What `heap_size_limit` counts for the young generation: three semi-spaces of 16 MB (Node 20 and 22). */
const YOUNG_BYTES = 48 * MB
const OPTION = /^--max[-_]old[-_]space[-_]size=(\d+)$/

/**
 * What the old generation of the heap may grow to, bytes: at that V8 ends the process. It is the option's value where
 * one was given, the last one; `heap_size_limit` is larger by the young generation, which matters for small heaps.
 *
 * @param options Of `NODE_OPTIONS`, then of the command line.
 */
export function oldLimitBytes(options: readonly string[], heapLimitBytes: number): number {
  const given = options.flatMap((option) => OPTION.exec(option)?.[1] ?? []).at(-1)
  const most = Math.max(heapLimitBytes - YOUNG_BYTES, heapLimitBytes / 2)
  return given === undefined || Number(given) === 0
    ? most
    : Math.min(Number(given) * MB, heapLimitBytes)
}
