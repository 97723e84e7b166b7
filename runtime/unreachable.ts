/** Ends a switch over a union: the compiler refuses a member that no case handles. */
export function unreachable(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`)
}
