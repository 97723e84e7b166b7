/** Finds the driver's own object for what was just asked for: the last in its queue. */
import type { Ledger } from './ledger.ts'
import { lastOf } from './shape.ts'
import type { Request, Running } from './traffic.ts'
import { quietly } from './wrap.ts'

/** No client was free at once. */
export function claimLast(ledger: Ledger, pool: object, request: Request): void {
  quietly(() => {
    const last = lastOf(Reflect.get(pool, '_pendingQueue'))
    if (last !== undefined) ledger.poolOf(pool).claim(last, request)
  })
}

/** The client is busy: the query is the last in its queue. The public name of the queue is deprecated since 8.16. */
export function claimQueued(client: object, running: Running): void {
  quietly(() => {
    const own = Object.hasOwn(client, '_queryQueue') ? '_queryQueue' : 'queryQueue'
    const last = Object.hasOwn(client, own) ? lastOf(Reflect.get(client, own)) : undefined
    if (last === undefined || running.client.running.some((one) => one.query === last)) return
    running.query = last
    running.client.running.push(running)
  })
}
