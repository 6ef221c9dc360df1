/**
 * Gas limit for a transaction whose estimate is `estimate`. Votes and stakes keep checkpoints: one that the estimate
 * updates in place may need storage of its own when the transaction is mined a second later.
 */
export function gasWithMargin(estimate: bigint): bigint {
  return (estimate * 5n) / 4n + 60_000n; // some new storage slots
}
