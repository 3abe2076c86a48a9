export { closeMap, openMap } from "./open-machine-map.ts";
export { planMap } from "./plan-map.ts";
