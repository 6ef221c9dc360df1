/** Faults that FraudProofs names in its events, in the order of its enum. */
const names = [
  'disorder',
  'malformed leaf',
  'missing receipt',
  'stray receipt',
  'wrong collection',
  'misaccounting',
  'stray allocation',
  'contradicted receipt',
  'mislabelled receipt',
  'wrong price',
  'unfaithful allocation',
  'unbalanced allocation',
] as const;

/** Name of a fault as an event carries it. */
export function provenFault(fault: number | undefined): string {
  return fault === undefined ? 'unknown fault' : (names[fault] ?? `fault ${fault}`);
}
