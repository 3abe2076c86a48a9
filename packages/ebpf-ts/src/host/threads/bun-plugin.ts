/** Bun's own, as far as it is called. */
interface Bun {
  plugin(plugin: { readonly name: string; setup(build: BunBuild): void }): void;
}

interface BunBuild {
  onLoad(
    files: { readonly filter: RegExp },
    load: (file: { readonly path: string }) => Promise<{ readonly contents: string; readonly loader: "js" }>,
  ): void;
}

/**
 * Has Bun ask for the source of the modules that files of such names are imported as. False on other runtimes. (Bun has Node's function
 * `register` as well, which does nothing.)
 */
export function plugIntoBun(files: RegExp, load: (path: string) => Promise<string>): boolean {
  const { Bun: bun } = globalThis as { readonly Bun?: Bun };
  bun?.plugin({
    name: "ebpf-ts",
    setup(build) {
      build.onLoad({ filter: files }, async ({ path }) => ({ contents: await load(path), loader: "js" }));
    },
  });
  return bun !== undefined;
}
