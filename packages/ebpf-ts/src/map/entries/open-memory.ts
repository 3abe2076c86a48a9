import type { EngineMap } from "../../engine/map.ts";
import { NotSupportedError } from "../../base/errors.ts";
import type { ArrayMemory } from "../../memory/array-memory.ts";
import type { Lifetime } from "../../memory/lifetime.ts";
import { arrayMemory } from "../../memory/live-view.ts";
import { MemoryArea } from "../../memory/memory-area.ts";
import type { Shape } from "../../memory/shape.ts";

/** The values of a map, live. `shape` is asked for the first time that there are any. */
export function openMemory<V>(map: EngineMap, shape: () => Shape, lifetime: Lifetime): ArrayMemory<V> {
  const name = `map ${map.info.name}`;
  if (!map.readOnlyMemory) {
    throw new NotSupportedError(
      "mmap",
      `Cannot view the memory of ${name}: only array maps with the flag BPF_F_MMAPABLE have it`,
      "5.5",
    );
  }
  const element = shape();
  const { maxEntries: length, valueSize } = map.info;
  const readOnly = map.memory === undefined || map.frozen === true;
  const bytes = readOnly ? map.readOnlyMemory() : map.memory!();
  const area = new MemoryArea({ name, bytes, readOnly, lifetime });
  return arrayMemory<V>({ area, base: 0, length, stride: Math.ceil(valueSize / 8) * 8, element, name });
}
