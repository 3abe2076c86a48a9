import type { Collection } from "ebpf-ts";
import type { VariableSpec } from "ebpf-ts";
import { findSlots, type SlotsShape } from "./slots.ts";
import type { ShownEntry } from "./read-maps.ts";
import { isZero } from "./values.ts";

/** Larger globals are buffers. */
const largest = 2 ** 20;

export interface GlobalHistograms {
  readonly name: string;
  readonly entries: readonly ShownEntry[];
  readonly slots: SlotsShape;
}

/** Global variables that are histograms, or arrays of them, as some tools have them. */
export function globalHistograms(bpf: Collection, linear: ReadonlySet<string>): GlobalHistograms[] {
  return writable(bpf).flatMap((variable) => {
    const { btf } = bpf.spec;
    const type = btf!.resolve(variable.type);
    const own = findSlots(btf, variable.type, variable.name, linear);
    if (own !== undefined) return [{ name: variable.name, slots: own, entries: [{ value: valueOf(bpf, variable) }] }];
    const element = type.kind === "array" ? findSlots(btf, type.type, variable.name, linear) : undefined;
    if (element === undefined) return [];
    const values = valueOf(bpf, variable) as unknown[];
    const entries = values.map((value, key) => ({ key, value })).filter(({ value }) => !isZero(value));
    return [{ name: variable.name, slots: element, entries }];
  });
}

/** Numbers, texts and the like: what fits into a line. */
export function plainGlobals(bpf: Collection): { readonly name: string; readonly value: unknown }[] {
  const { btf } = bpf.spec;
  return bpf.spec.variables
    .filter(({ size, type, section }) => btf !== undefined && type !== 0 && size <= 64 && bpf.maps.has(section))
    .map((variable) => ({ name: variable.name, value: valueOf(bpf, variable) }));
}

function writable({ spec, maps }: Collection): VariableSpec[] {
  if (spec.btf === undefined) return [];
  const known = spec.variables.filter(({ type, size }) => type !== 0 && size <= largest);
  return known.filter(({ section }) => !section.startsWith(".rodata") && maps.has(section));
}

function valueOf(bpf: Collection, { name }: VariableSpec): unknown {
  return bpf.variable(name).get();
}
