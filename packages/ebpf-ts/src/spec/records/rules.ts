import type { Btf } from "../../btf/types.ts";
import type { Dwarf } from "../../dwarf/index.ts";
import { HelperId } from "../../uapi/uapi.gen.ts";
import type { CollectionSpec } from "../types.ts";
import { partsAt } from "./btf-parts.ts";
import { btfTable, type Candidate, dwarfTable, type TypeTable } from "./candidates.ts";
import type { RecordOrigin } from "./found-record.ts";
import { heldByPointers, heldFor, heldInMemory, type Held } from "./holders.ts";
import type { ObjectCode, ObjectFunction } from "./object-code.ts";
import { mapNames, moved, type Value } from "./flow/values.ts";
import type { RecordPath, View } from "./views.ts";

/** A type that begins where the record does. */
interface Option {
  readonly table: Candidate["table"];
  readonly type: number;
  readonly size: number;
  readonly isComposite: boolean;
  readonly by: RecordOrigin;
  /** Its variable can be seen where the record is made; memory of the frame may have been another's before. */
  readonly inScope: boolean;
  readonly distance: number;
  readonly depth: number;
}

/** Helpers that give the value of a map's entry. The map is the first argument. */
const lookups: ReadonlySet<number> = new Set([
  HelperId.map_lookup_elem,
  HelperId.map_lookup_percpu_elem,
  HelperId.sk_storage_get,
  HelperId.inode_storage_get,
  HelperId.task_storage_get,
  HelperId.cgrp_storage_get,
]);

/** Functions that look something up for others. */
const deepest = 3;

/** Tells what a record is by the variables and maps that its bytes come from. */
export class RecordRules {
  readonly #spec: CollectionSpec;
  readonly #code: ObjectCode;
  readonly #dwarf: Dwarf | undefined;
  readonly #tables: { readonly btf: TypeTable | undefined; readonly dwarf: TypeTable | undefined };

  constructor(spec: CollectionSpec, code: ObjectCode, dwarf: Dwarf | undefined) {
    const { btf } = spec;
    this.#spec = spec;
    this.#code = code;
    this.#dwarf = dwarf;
    this.#tables = {
      btf: btf && btfTable(btf, (type, offset) => partsAt(btf, type, offset)),
      dwarf: dwarf && dwarfTable(dwarf.types),
    };
  }

  /** The best of what the functions on the way say; those inside are asked first. */
  candidate({ views, size }: RecordPath): Candidate | undefined {
    const options = views.map((view) => ({ view, options: this.#options(view) }));
    for (const { view, options: own } of options) {
      const exact = this.#exact(own, view.size);
      if (exact !== undefined && !this.#believes(exact)) return undefined;
      if (exact !== undefined && this.#hasRival(exact, own)) return this.#chosen(exact, "guess");
      if (exact !== undefined) return this.#chosen(exact, view.isPart || view.size !== size ? "prefix" : "exact");
    }
    for (const { view, options: own } of options) {
      const prefix = this.#prefix(own, view.size);
      if (prefix !== undefined) return this.#chosen(prefix, "prefix");
    }
    for (const view of views) {
      const local = view.size === undefined ? undefined : this.#local(view, view.size);
      if (local !== undefined) return local;
    }
    return size === undefined ? undefined : this.#inSource(views, size);
  }

  /** The only struct of the record's size that the source file defines in which it is made. Those of headers are others' business. */
  #inSource(views: readonly View[], size: number): Candidate | undefined {
    const found = new Set(views.flatMap(({ fn }) => fn.compositesBeside(size)));
    const [type] = found;
    if (type === undefined || found.size > 1) return undefined;
    return { table: "dwarf", type, by: "struct of its size", certainty: "guess" };
  }

  /**
   * All types that memory of a size has where it is passed, by whatever can be seen there: one, where nothing disagrees. What is only a
   * part of another that has the size too is left out.
   */
  certain({ views }: RecordPath, size: number): Candidate[] {
    return views.flatMap((view) => {
      const options = this.#surely(view).filter((option) => option.size === size);
      const outermost = options.filter((option) => !options.some((other) => this.#isWithin(option, other)));
      return outermost.map((option) => this.#chosen(option, "exact"));
    });
  }

  /** By the wrong size of the frame, variables would be taken for their neighbours; and out of their scope, their memory is another's. */
  #surely(view: View): Option[] {
    const { fn, data, slot } = view;
    if (data === undefined) return [];
    const types = this.#dwarf?.types;
    const held = types === undefined ? [] : heldFor(fn, types, data, slot, fn.surestFrame);
    const inScope = held.filter((each) => each.inScope || (each.isPointee && data.kind !== "stack"));
    return [...inScope.map((each) => this.#held({ ...each, inScope: true }, "pointer")), ...this.#inMaps(view, data)];
  }

  #isWithin(inner: Option, outer: Option): boolean {
    return inner.table === outer.table && this.#tables[inner.table]?.beginsWith(outer.type, inner.type) === true;
  }

  #chosen({ table, type, by, inScope }: Option, certainty: Candidate["certainty"]): Candidate {
    return { table, type, by, certainty: inScope ? certainty : "guess" };
  }

  #exact(options: readonly Option[], size: number | undefined): Option | undefined {
    return this.#best(options.filter((option) => option.size === size));
  }

  /**
   * Whether another variable there has the same bytes as a struct that is as large, or shorter, and neither the same nor a part: one of the two
   * is not what the record is, or not always.
   */
  #hasRival(chosen: Option, options: readonly Option[]): boolean {
    const table = this.#tables[chosen.table];
    return options.some(
      (other) =>
        other.inScope &&
        other.isComposite &&
        other.table === chosen.table &&
        other.size <= chosen.size &&
        table?.isSame(other.type, chosen.type) === false &&
        !this.#isWithin(other, chosen) &&
        !this.#isWithin(chosen, other),
    );
  }

  /**
   * A number says little of what it means. Where an object names the records of its rings (`events__record`), one that it leaves without a
   * name stays bytes, rather than a number, or a struct that happens to have its size.
   */
  #believes({ table, type }: Option): boolean {
    if (this.#tables[table]?.hasParts(type) === true) return true;
    return !this.#spec.maps.some(({ recordFound }) => recordFound?.by === "record-global");
  }

  /** The largest struct that fits, else the one that the record is the beginning of. */
  #prefix(options: readonly Option[], size: number | undefined): Option | undefined {
    const structs = options.filter(({ isComposite, inScope }) => isComposite && inScope);
    const fitting = size === undefined ? structs : structs.filter((option) => option.size <= size);
    const sizes = (fitting.length > 0 ? fitting : structs).map((option) => option.size);
    const largest = Math.max(...sizes);
    return this.#best(structs.filter((option) => option.size === largest));
  }

  /** What can be seen from there before what cannot; structs before arrays and numbers; outer types before their first member. */
  #best(options: readonly Option[]): Option | undefined {
    const sorted = options.toSorted(
      (a, b) =>
        Number(b.inScope) - Number(a.inScope) ||
        Number(b.isComposite) - Number(a.isComposite) ||
        a.distance - b.distance ||
        b.depth - a.depth,
    );
    const [first] = sorted;
    if (first === undefined) return undefined;
    const table = this.#tables[first.table];
    return sorted.find((option) => option.table === first.table && table?.beginsWith(option.type, first.type)) ?? first;
  }

  #options(view: View): Option[] {
    const { data } = view;
    if (data === undefined) return [];
    return [...this.#inMemory(view, data), ...this.#inMaps(view, data), ...this.#byPointers(view, data)];
  }

  #inMemory({ fn, slot, size }: View, data: Value): Option[] {
    const dwarf = this.#dwarf;
    if (dwarf === undefined) return [];
    if (data.kind !== "stack")
      return heldInMemory(fn, dwarf.types, data, slot, 0).map((held) => this.#held(held, "pointer"));
    let first: Option[] = [];
    for (const frame of fn.frames) {
      const options = heldInMemory(fn, dwarf.types, data, slot, frame).map((held) => this.#held(held, "stack output"));
      if (options.some((option) => option.inScope && option.size === size)) return options;
      if (first.length === 0) first = options;
    }
    return first;
  }

  #byPointers({ fn, slot, isReserved }: View, data: Value): Option[] {
    if (this.#dwarf === undefined) return [];
    const by = isReserved ? "reserve" : data.kind === "stack" ? "stack output" : "pointer";
    return heldByPointers(fn, this.#dwarf.types, data, slot).map((held) => ({
      ...this.#held(held, by),
      inScope: true,
    }));
  }

  #held({ type, variable, inScope, distance }: Held, by: RecordOrigin): Option {
    const { types } = this.#dwarf!;
    const size = types.sizeOf(type) ?? -1;
    const { depth } = variable;
    return { table: "dwarf", type, size, isComposite: types.isComposite(type), by, inScope, distance, depth };
  }

  #inMaps({ fn }: View, data: Value): Option[] {
    const { btf } = this.#spec;
    if (btf === undefined) return [];
    if (data.kind === "data") return this.#inGlobals(btf, data);
    if (data.kind === "argument") return this.#inParameters(btf, fn, data);
    return data.kind === "result" ? this.#inValues(btf, fn, data, 0) : [];
  }

  /** The kernel holds global functions to their prototypes; of static ones, the compiler may have left out parameters. */
  #inParameters(btf: Btf, { spec }: ObjectFunction, { at, offset }: Value): Option[] {
    if (spec.linkage === "static" || spec.btfFunction === 0) return [];
    const fn = btf.type(spec.btfFunction);
    const prototype = fn.kind === "func" ? btf.type(fn.type) : undefined;
    const parameter = prototype?.kind === "func_proto" ? prototype.parameters[at - 1] : undefined;
    const pointer = parameter && btf.resolve(parameter.type);
    return pointer?.kind === "ptr" ? this.#btfOptions(btf, pointer.type, offset, "pointer") : [];
  }

  #inGlobals(btf: Btf, { name, at, offset }: Value): Option[] {
    const section = this.#spec.maps.find((map) => map.name === name)?.section ?? name;
    const known = Number.isNaN(offset) ? at : offset;
    const variable = this.#spec.variables.find(
      (each) =>
        (each.section === section || each.section === name) &&
        each.offset <= known &&
        known < each.offset + Math.max(each.size, 1),
    );
    if (variable === undefined || variable.type === 0) return [];
    return this.#btfOptions(btf, variable.type, offset - variable.offset, "global");
  }

  #inValues(btf: Btf, fn: ObjectFunction, data: Value, depth: number): Option[] {
    const callee = this.#code.calleeAt(fn, data.at);
    if (callee !== undefined) {
      if (depth >= deepest) return [];
      const inner = callee.flow.returned.find(({ kind }) => kind === "result" || kind === "data");
      if (inner === undefined) return [];
      const further = moved(inner, data.offset);
      return inner.kind === "data" ? this.#inGlobals(btf, further) : this.#inValues(btf, callee, further, depth + 1);
    }
    if (!lookups.has(this.#code.helperAt(fn, data.at) ?? 0)) return [];
    const [name] = mapNames(fn.valueBefore(data.at, 1));
    const type = this.#spec.maps.find((map) => map.name === name)?.valueType ?? 0;
    return type === 0 ? [] : this.#btfOptions(btf, type, data.offset, "map value");
  }

  #btfOptions(btf: Btf, type: number, offset: number, by: RecordOrigin): Option[] {
    const table = this.#tables.btf!;
    return partsAt(btf, type, offset).map((part) => {
      const size = table.sizeOf(part) ?? -1;
      const isComposite = table.isComposite(part);
      return { table: "btf", type: part, size, isComposite, by, inScope: true, distance: 0, depth: 0 };
    });
  }

  /** The struct of the record's size that a variable there is, or points to, if there is one such. */
  #local({ fn, slot }: View, size: number): Candidate | undefined {
    const types = this.#dwarf?.types;
    if (types === undefined) return undefined;
    const found = new Set<number>();
    for (const variable of fn.variables) {
      types.sections.budget.spend(1);
      if (!fn.inScope(variable, slot)) continue;
      for (const type of [variable.type, types.pointee(variable.type) ?? 0]) {
        if (types.isComposite(type) && types.sizeOf(type) === size) found.add(types.resolve(type)!.offset);
      }
    }
    const [type] = found;
    if (type === undefined || found.size > 1) return undefined;
    return { table: "dwarf", type, by: "local of its size", certainty: "guess" };
  }
}
