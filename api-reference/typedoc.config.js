/** Entry points are the subpaths that the package has, so that none is forgotten. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { OptionDefaults } from "typedoc";

const library = new URL("../packages/ebpf-ts/", import.meta.url);
const { exports, repository } = JSON.parse(readFileSync(new URL("package.json", library), "utf8"));

/** Where a subpath is written: what is built of it is in build/. */
function sourceOf({ types }) {
  return fileURLToPath(new URL(types.replace("./build/", "").replace(/\.d\.ts$/, ".ts"), library));
}

export default {
  name: "ebpf-ts",
  entryPoints: Object.values(exports).map(sourceOf),
  tsconfig: "tsconfig.json",
  out: "build",
  readme: "none",
  // The same wherever it is made, from a clone or from an archive.
  disableGit: true,
  basePath: fileURLToPath(new URL("..", import.meta.url)),
  displayBasePath: fileURLToPath(new URL("src", library)),
  gitRevision: "main",
  sourceLinkTemplate: `${repository.url.replace(/^git\+|\.git$/g, "")}/blob/{gitRevision}/{path}#L{line}`,
  hideGenerator: true,
  plugin: [fileURLToPath(new URL("as-users-see-it.js", import.meta.url))],
  modifierTags: [...OptionDefaults.modifierTags, "@opaque"],
  // Nouns are made by the library, and are not to be extended.
  excludeInternal: true,
  excludeProtected: true,
  excludePrivate: true,
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, rewrittenLink: true, unusedMergeModuleWith: true },
};
