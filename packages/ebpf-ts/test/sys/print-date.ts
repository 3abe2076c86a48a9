import { ktimeToDate } from "../../src/index.ts";

console.log(String(ktimeToDate(0n).getTime()));
