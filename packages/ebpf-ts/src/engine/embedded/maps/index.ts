export { closeMap, openMap } from "./open-map.ts";
export { planMap } from "./plan-map.ts";
