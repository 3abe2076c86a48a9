/** What an iterator prints, from its beginning on. */
export interface EngineReading {
  /** The next bytes, as many as there are at once; undefined at the end, and once it is closed. One call at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Idempotent. */
  close(): void | Promise<void>;
}
