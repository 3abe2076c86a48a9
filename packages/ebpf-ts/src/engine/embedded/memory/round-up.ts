export function roundUp8(size: number): number {
  return Math.ceil(size / 8) * 8;
}
