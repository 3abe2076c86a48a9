interface SubtleDigest {
  digest(algorithm: string, data: Uint8Array): Promise<ArrayBuffer>;
}

/** Undefined where the host has no digests: a page that was not loaded over HTTPS. */
export async function digestBytes(algorithm: "SHA-256" | "SHA-1", bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const { subtle } = (globalThis as { crypto?: { subtle?: SubtleDigest } }).crypto ?? {};
  return subtle && new Uint8Array(await subtle.digest(algorithm, bytes));
}

/** SHA-256 as subresource integrity writes it: `sha256-` and base64. */
export async function integrityOf(bytes: Uint8Array): Promise<string | undefined> {
  const digest = await digestBytes("SHA-256", bytes);
  return digest && `sha256-${btoa(String.fromCharCode(...digest))}`;
}
