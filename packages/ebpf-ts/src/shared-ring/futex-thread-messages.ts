/** What the thread is started with: the word that says "there are messages", as its address in this process. */
export interface FutexThreadData {
  readonly control: number;
  readonly value: number;
}

/** To the thread. `last` is the value from which the word at the address is to change. */
export type FutexThreadMessage =
  | { readonly kind: "watch"; readonly token: number; readonly address: number; readonly last: number }
  | { readonly kind: "leave"; readonly token: number }
  | { readonly kind: "stop" };

/** From the thread: a word has changed, or is not looked at any more. */
export interface FutexThreadReport {
  readonly kind: "changed" | "left";
  readonly token: number;
}
