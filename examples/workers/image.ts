/** Pictures in plain JavaScript: a small format, a blur, a reduction. All of it is work for a CPU. */

/** Three bytes a pixel (red, green, blue), row by row. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** `RLE1`, width and height as 16 bits, then runs: length as 16 bits, red, green, blue. */
const MAGIC = 'RLE1'
const HEADER_BYTES = 8
const RUN_BYTES = 5
const MAX_RUN = 0xffff

export function encode({ width, height, pixels }: Picture): Uint8Array {
  const bytes: number[] = [...Buffer.from(MAGIC), ...word(width), ...word(height)]
  for (let at = 0; at < pixels.length; ) {
    let run = 1
    while (run < MAX_RUN && isSame(pixels, at, at + 3 * run)) run++
    bytes.push(...word(run), pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0)
    at += 3 * run
  }
  return Uint8Array.from(bytes)
}

/**
 * Reads a picture.
 *
 * It has two faults, as libraries have them: it believes the size in the header, so a file of 30 KB
 * can fill the heap; and a run of length 0 is "skipped" without going on to the next one, so it
 * loops for ever.
 *
 * @throws {RangeError} Not a picture.
 */
export function decode(bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER_BYTES || Buffer.from(bytes.subarray(0, 4)).toString() !== MAGIC) {
    throw new RangeError(`not a picture: it does not begin with ${MAGIC}`)
  }
  const [width, height] = [view.getUint16(4), view.getUint16(6)]
  const rows: number[][] = []
  let row: number[] = []
  for (let at = HEADER_BYTES; rows.length < height; ) {
    if (at + RUN_BYTES > bytes.length) throw new RangeError('not a picture: it ends too early')
    const run = view.getUint16(at)
    if (run === 0) continue
    for (let left = run; left > 0; left--) {
      row.push(bytes[at + 2] ?? 0, bytes[at + 3] ?? 0, bytes[at + 4] ?? 0)
      if (row.length < 3 * width) continue
      rows.push(row)
      row = []
    }
    at += RUN_BYTES
  }
  return { width, height, pixels: Uint8Array.from(rows.flat()) }
}

/** A Gaussian blur, first along the rows, then along the columns. */
export function blur(picture: Picture, radius: number): Picture {
  const kernel = gaussian(radius)
  const across = convolve(picture, kernel, 1, 0)
  return convolve(across, kernel, 0, 1)
}

/** Makes it smaller: each pixel is the mean of those that it stands for. */
export function reduce({ width, height, pixels }: Picture, factor: number): Picture {
  const [columns, rows] = [Math.floor(width / factor), Math.floor(height / factor)]
  const small = new Uint8Array(3 * columns * rows)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0
        for (let step = 0; step < factor * factor; step++) {
          const column = x * factor + (step % factor)
          const line = y * factor + Math.floor(step / factor)
          sum += pixels[3 * (line * width + column) + channel] ?? 0
        }
        small[3 * (y * columns + x) + channel] = sum / (factor * factor)
      }
    }
  }
  return { width: columns, height: rows, pixels: small }
}

/** Coloured rings, different for each seed. */
export function rings(width: number, height: number, seed: number): Picture {
  const pixels = new Uint8Array(3 * width * height)
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [(at % width) - width / 2, Math.floor(at / width) - height / 2]
    const ring = Math.floor(Math.hypot(x, y) / 8 + seed) % 5
    pixels.set([50 * ring, (seed * 37) % 256, 255 - 50 * ring], 3 * at)
  }
  return { width, height, pixels }
}

/** A file that claims to be enormous, and has the runs for it. */
export function bomb(): Uint8Array {
  const [width, height] = [20_000, 20_000]
  const runs = Math.ceil((width * height) / MAX_RUN)
  const header = [...Buffer.from(MAGIC), ...word(width), ...word(height)]
  return Uint8Array.from([
    ...header,
    ...Array.from({ length: runs }, () => [255, 255, 7, 7, 7]).flat(),
  ])
}

/** A file with a run of length 0. */
export function endless(): Uint8Array {
  return Uint8Array.from([...Buffer.from(MAGIC), ...word(64), ...word(64), ...word(0), 1, 2, 3])
}

function convolve(
  { width, height, pixels }: Picture,
  kernel: readonly number[],
  stepX: number,
  stepY: number,
): Picture {
  const reach = kernel.length >> 1
  const result = new Uint8Array(pixels.length)
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)]
    let [red, green, blue] = [0, 0, 0]
    for (let tap = -reach; tap <= reach; tap++) {
      const column = clamp(x + tap * stepX, width)
      const line = clamp(y + tap * stepY, height)
      const from = 3 * (line * width + column)
      const weight = kernel[tap + reach] ?? 0
      red += weight * (pixels[from] ?? 0)
      green += weight * (pixels[from + 1] ?? 0)
      blue += weight * (pixels[from + 2] ?? 0)
    }
    result.set([red, green, blue], 3 * at)
  }
  return { width, height, pixels: result }
}

function gaussian(radius: number): number[] {
  const taps = Array.from({ length: 2 * radius + 1 }, (_, index) =>
    Math.exp(-((index - radius) ** 2) / (radius * radius || 1)),
  )
  const sum = taps.reduce((total, tap) => total + tap, 0)
  return taps.map((tap) => tap / sum)
}

function clamp(value: number, length: number): number {
  return Math.min(length - 1, Math.max(0, value))
}

function isSame(pixels: Uint8Array, at: number, other: number): boolean {
  return (
    other < pixels.length &&
    pixels[at] === pixels[other] &&
    pixels[at + 1] === pixels[other + 1] &&
    pixels[at + 2] === pixels[other + 2]
  )
}

function word(value: number): [number, number] {
  return [value >> 8, value & 0xff]
}
