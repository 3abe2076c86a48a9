export type EngineName = "kernel" | "embedded";
