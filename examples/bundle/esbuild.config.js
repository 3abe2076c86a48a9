import { build } from "esbuild";
import { workerEntries } from "ebpf-ts/bundling";

await build({
  entryPoints: { main: "src/main.ts", handler: "src/handler.ts", ...workerEntries },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
});
