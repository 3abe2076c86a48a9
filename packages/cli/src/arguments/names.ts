/** For an option that takes a name, and may come several times. */
export function collectName(text: string, previous: readonly string[]): string[] {
  return [...previous, text];
}
