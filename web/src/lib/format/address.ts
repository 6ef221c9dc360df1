/** `0x8f3a…2c41` */
export function shortAddress(address: string): string {
  return address.length <= 12 ? address : `${address.slice(0, 6)}…${address.slice(-4)}`;
}

/** Hashes, CIDs and other long ids: first eight and last six characters. */
export function shortHash(hash: string): string {
  return hash.length <= 18 ? hash : `${hash.slice(0, 10)}…${hash.slice(-6)}`;
}

/** Two hues and an angle that stay the same for an address, for its identicon. */
export function identiconOf(address: string): { from: number; to: number; angle: number } {
  const hex = address.toLowerCase().replace(/^0x/, '').padEnd(12, '0');
  const at = (start: number) => Number.parseInt(hex.slice(start, start + 4), 16) || 0;
  const from = at(0) % 360;
  return { from, to: (from + 60 + (at(4) % 180)) % 360, angle: at(8) % 360 };
}

/** Same account, whatever the case of its letters. */
export function sameAddress(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();
}
