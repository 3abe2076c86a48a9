/** Sleeps; an abort of one of the signals ends the sleep with its reason. */
export function napUnless(ms: number, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (event: Event): void => end(() => reject((event.target as AbortSignal).reason as Error));
    const timer = setTimeout(() => end(resolve), ms);
    const end = (then: () => void): void => {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener("abort", onAbort);
      then();
    };
    for (const signal of signals) signal?.addEventListener("abort", onAbort);
  });
}
