/** How the demonstration writes to the terminal: colour only where somebody looks at it. */

export interface Style {
  bold(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
  accent(text: string): string
}

/** Colours for a terminal; plain text for a pipe, or when `NO_COLOR` says so. */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const noColor = environment['NO_COLOR'] ?? ''
  const colourful = stream.isTTY === true && noColor === '' && environment['TERM'] !== 'dumb'
  const paint = (on: number, off: number) => (text: string) =>
    colourful ? `\u001b[${on}m${text}\u001b[${off}m` : text
  return {
    bold: paint(1, 22),
    faint: paint(2, 22),
    good: paint(32, 39),
    bad: paint(31, 39),
    accent: paint(36, 39),
  }
}

/**
 * What others wrote, made fit for a terminal: no control characters, so that no text can move the
 * cursor or recolour what follows.
 */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
}

/** Breaks a text into lines of at most `width` characters, the later ones indented. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].join(`\n${indent}`)
}

/** `0.4 ms`, `35 ms`, `2.1 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

/** `12.4 MB`, with a sign. */
export function growth(bytes: number): string {
  return `${bytes < 0 ? '−' : '+'}${(Math.abs(bytes) / 1_048_576).toFixed(1)} MB`
}
