import { type Checks, checkOptions } from "../base/check-options.ts";
import { oneOf } from "../base/checks.ts";
import type { ObjectDoor } from "./module-source.ts";

/** What a plugin of a bundler takes. */
export interface PluginOptions {
  /** What objects are loaded with; by default `ebpf-ts/embedded` in a bundle for browsers, else `ebpf-ts`. */
  readonly from?: ObjectDoor | undefined;
}

const checks: Checks<PluginOptions> = { from: oneOf("ebpf-ts", "ebpf-ts/embedded") };

/** Throws TypeError for what nobody knows. */
export function checkPluginOptions(options: PluginOptions): void {
  checkOptions(options, checks, "the plugin ebpf()");
}
