import { fileURLToPath } from "node:url";
import { workerEntries } from "ebpf-ts/bundling";

/** Rollup looks up no packages by itself; the plugin @rollup/plugin-node-resolve does this, and more. */
const packages = {
  name: "packages",
  resolveId: (name) => (/^ebpf-ts($|\/)/.test(name) ? fileURLToPath(import.meta.resolve(name)) : null),
};

export default {
  input: { main: "build/main.js", handler: "build/handler.js", ...workerEntries },
  output: { dir: "dist", format: "es" },
  external: /^node:/,
  plugins: [packages],
};
