/** The ways in which a server of models can fail below its protocol. */
import type { ServerResponse } from 'node:http'

export type BadAnswer =
  /** Any bytes with status 200. */
  | { readonly type: 'raw'; readonly body: string; readonly contentType?: string }
  /** Accepts the request and never answers. */
  | { readonly type: 'hang' }
  /** Sends headers and the beginning of a body, and no end. */
  | { readonly type: 'endless'; readonly start: string }
  /** Closes the connection without an answer, or in the middle of the body. */
  | { readonly type: 'reset'; readonly start?: string }

export function answerBadly(response: ServerResponse, answer: BadAnswer): void {
  switch (answer.type) {
    case 'raw':
      response.writeHead(200, { 'content-type': answer.contentType ?? 'application/json' })
      response.end(answer.body)
      return
    case 'hang':
      return
    case 'endless':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write(answer.start)
      return
    case 'reset':
      if (answer.start === undefined) response.socket?.destroy()
      else {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '10000' })
        response.write(answer.start, () => response.socket?.destroy())
      }
  }
}
