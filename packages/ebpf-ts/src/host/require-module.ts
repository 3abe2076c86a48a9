import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Loads a package at once, when it is first needed; bundlers do not see it, and leave it where it is. */
export function requireModule(name: string): unknown {
  return require(name);
}

/** The same for a package that only `parent` depends on, which may be its alone. */
export function requireFrom(parent: string, name: string): unknown {
  return createRequire(require.resolve(parent))(name);
}
