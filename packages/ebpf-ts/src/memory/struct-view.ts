import type { ViewMaker } from "./array-memory.ts";
import type { MemoryArea } from "./memory-area.ts";
import { asCopy, type Shape, type StructShape } from "./shape.ts";
import { writeShape } from "./write-shape.ts";

/** One struct in memory. The members come as accessors of a class of its own, one per struct type. */
class StructView {
  readonly #area: MemoryArea;
  readonly #base: number;
  readonly #shape: StructShape;
  readonly #view: ViewMaker;

  constructor(area: MemoryArea, base: number, shape: StructShape, view: ViewMaker) {
    this.#view = view;
    this.#area = area;
    this.#base = base;
    this.#shape = shape;
  }

  /** In here, where the private parts of a view can be reached: nobody else gets at memory that must not be written. */
  static addMember(prototype: object, name: string, offset: number, shape: Shape, writable: boolean): void {
    const getter = (view: StructView): unknown => {
      if (shape.kind !== "leaf") return view.#view(view.#area, view.#base + offset, shape, name);
      view.#area.check();
      return shape.readMember(view.#area.view, view.#base + offset);
    };
    const setter = (view: StructView, value: unknown): void => {
      view.#area.checkWritable();
      // A text may say less than its bytes, a bool of 2 too: what it says already is not written, so that nothing is lost.
      if (shape.kind === "leaf" && Object.is(getter(view), value)) return;
      writeShape(view.#area, view.#base + offset, shape, value, name);
    };
    Object.defineProperty(prototype, name, {
      get(this: StructView) {
        return getter(this);
      },
      ...(writable
        ? {
            set(this: StructView, value: unknown) {
              setter(this, value);
            },
          }
        : {}),
      enumerable: true,
      configurable: true,
    });
  }

  toJSON(): unknown {
    return this.#copy();
  }

  [asCopy](): unknown {
    return this.#copy();
  }

  /** What console.log shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.#copy();
  }

  #copy(): unknown {
    this.#area.check();
    return this.#shape.read(this.#area.view, this.#base);
  }
}

type StructClass = new (area: MemoryArea, base: number, shape: StructShape, view: ViewMaker) => StructView;

/** The struct at `base` as an object whose members are the memory's. Members of read-only memory have no setters. */
export function structView(area: MemoryArea, base: number, shape: StructShape, view: ViewMaker): object {
  const kind = area.readOnly ? "readOnly" : "writable";
  const Class = (shape.views[kind] ??= makeClass(shape, !area.readOnly)) as StructClass;
  return new Class(area, base, shape, view);
}

function makeClass(shape: StructShape, writable: boolean): StructClass {
  const Class: StructClass = class extends StructView {};
  for (const { name, offset, shape: member } of shape.fields) {
    StructView.addMember(Class.prototype as object, name, offset, member, writable);
  }
  return Class;
}
