import { ArrayMemory, type ArrayMemoryOptions } from "./array-memory.ts";
import type { MemoryArea } from "./memory-area.ts";
import type { Shape } from "./shape.ts";
import { structView } from "./struct-view.ts";

/** The value at `at`, or a view of it. */
export function liveView(area: MemoryArea, at: number, shape: Shape, name: string): unknown {
  switch (shape.kind) {
    case "scalar":
      return area.read(shape.format, at);
    case "leaf":
      area.check();
      return shape.read(area.view, at);
    case "struct":
      return structView(area, at, shape, liveView);
    case "array":
      return arrayMemory({ area, base: at, length: shape.length, stride: shape.stride, element: shape.element, name });
  }
}

export function arrayMemory<T>(options: Omit<ArrayMemoryOptions, "view">): ArrayMemory<T> {
  return new ArrayMemory<T>({ ...options, view: liveView });
}

/** A copy of the value at `at`, which is written back as the same bytes: a NaN may have some that no number of JavaScript's shows. */
export function copyOf(area: MemoryArea, at: number, shape: Shape): unknown {
  if (shape.kind !== "scalar") {
    area.check();
    return shape.read(area.view, at);
  }
  const value = area.read(shape.format, at);
  return Number.isNaN(value) ? shape.readNaN!(area.view, at) : value;
}
