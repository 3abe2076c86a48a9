import { EbpfError } from "../base/errors.ts";
import { fileKind, filePathOf } from "../host/named-files.ts";

/** Beside `build/`, and, as it is published, beside `dist/`. */
const places = [new URL("../../../include/", import.meta.url), new URL("../include/", import.meta.url)];

/** The folder that has the library's `bpf/bpf_helpers.h` and the others. */
export function ownHeaders(): string {
  for (const place of places) {
    if (place.protocol !== "file:") continue;
    const folder = filePathOf(place);
    if (fileKind(`${folder}bpf/bpf_helpers.h`) === "file") return folder;
  }
  const message =
    "Cannot compile: the headers of ebpf-ts are not beside this module, which a bundler may have moved: leave ebpf-ts out of the bundle";
  throw new EbpfError("NOT_FOUND", message);
}
