import type { KconfigSetting } from "./kconfig-value.ts";

/**
 * Reads some settings from the text of a kernel's configuration (`/boot/config-…`, `/proc/config.gz`), by name: `CONFIG_HZ=1000`. Those
 * that are not in it, or "is not set", are left out, as are values of no known form.
 */
export function parseKernelConfig(text: string, names: ReadonlySet<string>): Map<string, KconfigSetting> {
  const settings = new Map<string, KconfigSetting>();
  for (const [, name = "", value = ""] of text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)) {
    if (!names.has(name) || settings.has(name)) continue;
    const setting = parseSetting(value.trim());
    if (setting !== undefined) settings.set(name, setting);
  }
  return settings;
}

function parseSetting(value: string): KconfigSetting | undefined {
  if (value === "y" || value === "m" || value === "n") return value;
  if (/^".*"$/s.test(value)) return { text: value.slice(1, -1).replaceAll(/\\(.)/g, "$1") };
  const [, sign, digits] = /^([-+]?)(0x[\da-f]+|\d+)$/i.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const number = /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
  return sign === "-" ? -number : number;
}
