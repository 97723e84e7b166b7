import type { AddressInfo } from 'node:net'
import type { StartLens } from './lens.ts'
import type { FromHost, ToHost } from './messages.ts'
import { createShop } from './server.ts'

/**
 * Opens the shop with nodelens in its process, and does what the demonstration asks for. This is
 * the process that stalls: what must be heard in time goes through the insights file instead.
 */
export async function serveWithLens(startLens: StartLens): Promise<void> {
  const insightsFile = process.env['NODELENS_INSIGHTS_FILE']
  if (insightsFile === undefined || process.send === undefined) {
    throw new Error('this is a part of the demonstration: start it with npm start')
  }
  const lens = await startLens({ insightsFile })
  const shop = createShop().listen(0, '127.0.0.1', () => {
    const { port } = shop.address() as AddressInfo
    const observer = lens.observerUrl === undefined ? {} : { observerUrl: lens.observerUrl }
    tell({ type: 'ready', url: `http://127.0.0.1:${port}`, ...observer })
  })
  const stop = async (): Promise<void> => {
    shop.close()
    shop.closeAllConnections()
    await lens.stop()
    if (process.connected) process.disconnect()
  }
  const obey = async (message: ToHost): Promise<void> => {
    switch (message.type) {
      case 'investigate':
        await lens.investigate(message.reason, message.skills)
        return tell({ type: 'investigated' })
      case 'crash-operator':
        return tell({ type: 'operator-crashed', report: await lens.crashOperator(message.skill) })
      case 'stop':
        return stop()
    }
  }
  process.on('message', (message: ToHost) => {
    obey(message).catch((error: unknown) => {
      tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
    })
  })
  // The demonstration is gone: nobody will ask us to stop.
  process.once('disconnect', () => void lens.stop().finally(() => process.exit()))
}

function tell(message: FromHost): void {
  if (process.connected) process.send?.(message)
}
