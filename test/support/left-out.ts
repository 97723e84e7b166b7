import { test } from 'node:test'

/**
 * Registers a test that cannot run here, so that the end of the run says so instead of hiding it.
 *
 * @example if (process.platform !== 'linux') leftOut('reads /proc', 'needs Linux')
 */
export function leftOut(name: string, reason: string): void {
  if (reason.trim() === '') throw new TypeError('leftOut expects a reason, got an empty string')
  void test(name, { skip: reason }, () => {})
}
