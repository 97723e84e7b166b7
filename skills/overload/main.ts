import { onChannels } from '../probe/channels.ts'
import type { MainPart } from '../probe/main-part.ts'
import { MailboxBook } from './mailbox-book.ts'
import { SocketSums } from './socket-sums.ts'
import { SocketWriteWindow } from './socket-writes.ts'

let mailboxes = new MailboxBook()
let sockets = new SocketSums()
const writes = new SocketWriteWindow()
const now = Date.now

/** Main's part of `overload`: bytes that sockets hold back, mailboxes that are full. The rest other skills count already. */
export const overloadMain: MainPart = {
  skill: 'overload',
  install: () => {
    mailboxes = new MailboxBook()
    sockets = new SocketSums()
    const note = (message: unknown): void => mailboxes.note(message, now())
    const unsubscribe = onChannels({
      'nodelens:mailbox:high-water': note,
      'nodelens:mailbox:bound-hit': note,
    })
    return () => {
      unsubscribe()
      writes.end()
    }
  },
  functions: {
    'overload.beginWrites': { run: () => writes.begin() },
    'overload.endWrites': { run: () => writes.end() },
  },
  read: () => ({ sockets: sockets.read(), mailboxes: mailboxes.rows().slice(0, 10) }),
}
