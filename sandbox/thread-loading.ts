/**
 * How piscina's threads load their module: it calls `require` first, and `import` where that fails.
 *
 * Before Node 24 the whole process aborts if a thread is ended in the milliseconds in which `require`
 * links ES modules (`IsGraphAsync must be used on an instantiated module`, seen on 20.20 and 22.23).
 * So there `require` refuses ES modules; but while the application keeps libuv's thread pool busy,
 * through which `import` reads, `require` is the only way that does not wait for it.
 */
import { stat } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The first version that survives the end of a thread that is loading so. */
const SAFE_SINCE = 24
/** Milliseconds in which an idle thread pool has long answered. */
const LATE_MS = 100

/** What the threads of a new pool are to be started with. */
export async function execArgvOfThreads(): Promise<string[]> {
  const isSafe = Number(process.versions.node.split('.')[0]) >= SAFE_SINCE
  return isSafe || (await isThreadPoolLate()) ? [] : ['--no-experimental-require-module']
}

function isThreadPoolLate(): Promise<boolean> {
  return new Promise((resolve) => {
    // a loop that was held runs its timers first, and hears of the answer only then
    const timer = setTimeout(() => setImmediate(resolve, true), LATE_MS)
    stat(fileURLToPath(import.meta.url), () => {
      clearTimeout(timer)
      resolve(false)
    })
  })
}
