import type { EngineMap } from "../../../map.ts";
import { BatchMap } from "../batch-map.ts";
import { putById } from "./held-by-id.ts";
import { KernelMap } from "../kernel-map.ts";

/** BPF_MAP_TYPE_ARRAY_OF_MAPS and HASH_OF_MAPS: written with descriptors, read as ids. */
export class MapOfMaps extends BatchMap {
  /** Throws EINVAL when the map is not like the one that this was made with. */
  setMap(key: Uint8Array, map: EngineMap): void {
    if (!(map instanceof KernelMap)) {
      throw new TypeError(`Cannot put map ${map.info.name} into map ${this.info.name}: it belongs to another engine`);
    }
    this.update(key, new Uint8Array(new Uint32Array([map.fd]).buffer), 0);
  }

  setId(key: Uint8Array, id: number): void {
    this.refuseSealed("use a key of");
    putById(this.sys, "map", id, this.info.name, (value) => this.update(key, value, 0));
  }
}
