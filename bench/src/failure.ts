/** What the user can do something about: printed as one sentence, without a stack. */
export class BenchFailure extends Error {}
