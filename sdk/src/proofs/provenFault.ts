/** Faults that FraudProofs, EvidenceProofs and DataRequests name in their events, in the order of `BatchFaults.Fault`. */
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
  'unfounded allocation',
  'false record',
  'false score',
  'omitted record',
  'false span',
  'withheld data',
] as const;

/** Name of a fault as an event carries it. */
export function provenFault(fault: number | undefined): string {
  return fault === undefined ? 'unknown fault' : (names[fault] ?? `fault ${fault}`);
}
