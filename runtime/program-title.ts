import { basename } from 'node:path'

/** What people call the program of this thread: the name of the file that it runs. */
export function programTitle(): string {
  const name = basename(process.argv[1] ?? process.title)
  return name === '' ? process.title : name.slice(0, 200)
}
