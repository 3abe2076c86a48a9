/** A line on standard output. Bun's console.log hides that nobody reads any more (EPIPE), which ends a run (watch-output.ts). */
export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}
