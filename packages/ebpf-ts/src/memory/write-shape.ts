import type { MemoryArea } from "./memory-area.ts";
import { isFloat } from "./scalar-format.ts";
import { copied, type ScalarShape, type Shape } from "./shape.ts";

/** Writes a value in place, all or nothing; a struct or an array is copied as a whole, which is not one access. */
export function writeShape(area: MemoryArea, at: number, shape: Shape, value: unknown, where: string): void {
  area.checkWritable();
  switch (shape.kind) {
    case "scalar":
      if (isFloat(shape.format)) writeFloat(area, at, shape, value, where);
      else area.write(shape.format, at, value, where);
      break;
    case "leaf":
      shape.write(area.view, at, value);
      break;
    default:
      area.bytes.set(shape.encode(copied(value)), at);
  }
}

/** Also as its bytes. A NaN stays as it is where a NaN is written: with the payload that no number of JavaScript's shows. */
function writeFloat(area: MemoryArea, at: number, shape: ScalarShape, value: unknown, where: string): void {
  if (value instanceof Uint8Array && value.length === shape.size) return area.bytes.set(value, at);
  if (Number.isNaN(value) && Number.isNaN(area.read(shape.format, at))) return;
  area.write(shape.format, at, value, where);
}
