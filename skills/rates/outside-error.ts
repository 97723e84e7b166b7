const CODES: Record<string, string> = {
  ECONNREFUSED: 'what it connects to refuses connections',
  ECONNRESET: 'the other side closes the connection',
  EPIPE: 'the other side has closed the connection',
  ETIMEDOUT: 'what it connects to does not answer',
  EHOSTUNREACH: 'what it connects to cannot be reached',
  ENETUNREACH: 'what it connects to cannot be reached',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EMFILE: 'the process has no file descriptors left',
  ENFILE: 'the machine has no file descriptors left',
  ENOSPC: 'the disk is full',
  ENOMEM: 'there is no memory left',
}
const CODE = new RegExp(`\\b(${Object.keys(CODES).join('|')})\\b`)

/**
 * Says what an error of the system means when its cause lies outside of the code that meets it: such an
 * error is never more than a warning here, for another skill may know what is behind it.
 * @see https://nodejs.org/api/errors.html#common-system-errors
 */
export function outsideCause(text: string): string | undefined {
  const code = CODE.exec(text.slice(0, 1000))?.[1]
  return code === undefined
    ? undefined
    : `${code} means that ${CODES[code] ?? 'the system refused it'}`
}
