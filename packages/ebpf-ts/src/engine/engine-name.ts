/** `kernel` is Linux; `embedded` interprets programs in this process, and needs no privilege. */
export type EngineName = "kernel" | "embedded";
