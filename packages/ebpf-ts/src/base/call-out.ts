/**
 * Calls a function of the user's, which may return a promise: exactly one of `onValue` and `onError` is called, at once where it
 * can be. So what a reporter throws, or what its promise is rejected with, has a place to go: it neither ends the process nor is
 * it lost.
 */
export function callOut<R>(
  call: () => R | PromiseLike<R>,
  onValue: (value: R) => void,
  onError: (error: unknown) => void,
): void {
  let result: R | PromiseLike<R>;
  let later: boolean;
  try {
    result = call();
    // A `then` that is a getter may throw.
    later = isPromiseLike(result);
  } catch (error) {
    return onError(error);
  }
  if (later) Promise.resolve(result).then(onValue, onError);
  else onValue(result as R);
}

function isPromiseLike(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
