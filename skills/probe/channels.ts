import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Listens to several of Node's channels; returns how to stop. */
export function onChannels(listeners: Record<string, (message: unknown) => void>): () => void {
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener)
  return () => {
    for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener)
  }
}

/** An object inside a message of a channel, if it is one. */
export function part(message: unknown, name: string): object | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const value: unknown = Reflect.get(message, name)
  return typeof value === 'object' && value !== null ? value : undefined
}
