import type koffiModule from "koffi";
import { requireFrom, requireModule } from "../../host/require-module.ts";
import { architecture, platform } from "../../host/this-process.ts";

export type Koffi = typeof koffiModule;

/**
 * koffi's native part, taken where koffi would find it: what koffi does before takes longer than all that the library does with it at its
 * start. Where that package is not laid out so, koffi says itself where it is.
 */
export function loadKoffi(): Koffi {
  return nativePart() ?? (requireModule("koffi") as Koffi);
}

function nativePart(): Koffi | undefined {
  try {
    const native = requireFrom("koffi", `@koromix/koffi-${platform}-${architecture}`) as Partial<Koffi>;
    return needed.every((name) => name in native) ? (native as Koffi) : undefined;
  } catch {
    return undefined; // and koffi's own attempt says why
  }
}

/** What the library uses of it. */
const needed: readonly (keyof Koffi)[] = ["address", "errno", "load", "pointer", "proto", "register", "view"];
