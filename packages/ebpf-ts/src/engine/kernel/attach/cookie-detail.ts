/** What `details` say of a cookie, in hexadecimal; nothing where there is none, or the kernel does not tell. */
export function cookieDetail(cookie: bigint): { cookie?: string } {
  return cookie === 0n ? {} : { cookie: `0x${cookie.toString(16)}` };
}
