/** Takes every step, one after another, also those after one that fails; then throws what the first failed with. For what is to be let go of. */
export async function takeAll(steps: Iterable<() => unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
