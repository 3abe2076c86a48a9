/** What the thread is started with: the word that says "there are messages", in memory that both threads have. */
export interface FutexThreadData {
  readonly control: Int32Array<SharedArrayBuffer>;
}

/** To the thread. `watch` asks to be told once, when the word at the address is not `last` any more. */
export type FutexThreadMessage =
  | { readonly kind: "watch"; readonly token: number; readonly address: number; readonly last: number }
  | { readonly kind: "leave"; readonly token: number }
  | { readonly kind: "stop" };

/** From the thread: a word has changed. */
export interface FutexThreadReport {
  readonly token: number;
}
