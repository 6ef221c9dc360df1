/** What of a stream decides how much has vested; amounts in wei, times in Unix seconds, as the index has them. */
export type Vesting = { opened: string; start: string; duration: string; endedAt: string | null };

/** Wei of a stream vested at a time, rounded down as the contract does; a stream that was ended vests no further. */
export function vestedAt({ opened, start, duration, endedAt }: Vesting, at: number): bigint {
  const until = endedAt === null ? at : Math.min(at, Number(endedAt));
  const passed = until - Number(start);
  if (passed <= 0) return 0n;
  if (passed >= Number(duration)) return BigInt(opened);
  return (BigInt(opened) * BigInt(passed)) / BigInt(duration);
}
