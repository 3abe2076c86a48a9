import type { MemoryArea } from "./memory-area.ts";
import { isFloat } from "./scalar-format.ts";
import { copied, type Shape } from "./shape.ts";

/** Writes a value in place, all or nothing; a struct or an array is copied as a whole, which is not one access. */
export function writeShape(area: MemoryArea, at: number, shape: Shape, value: unknown, where: string): void {
  area.checkWritable();
  switch (shape.kind) {
    case "scalar":
      if (isFloat(shape.format) && value instanceof Uint8Array && value.length === shape.size)
        area.bytes.set(value, at);
      else area.write(shape.format, at, value, where);
      break;
    case "leaf":
      shape.write(area.view, at, value);
      break;
    default:
      area.bytes.set(shape.encode(copied(value)), at);
  }
}
