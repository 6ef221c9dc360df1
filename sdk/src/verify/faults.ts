import type { Check } from './checks.ts';

/** The fault that a failed check of a batch shows, named as the protocol names what can be proven against an operator. */
const faultOfCheck: Readonly<Record<string, string>> = {
  data: 'withheld data',
  belongs: 'withheld data',
  parameters: 'withheld data',
  hashes: 'withheld data',
  receiptsTree: 'withheld data',
  allocationsTree: 'withheld data',
  rewardsTree: 'withheld data',
  order: 'dropped, repeated or misplaced leaf',
  signatures: 'unsigned receipt',
  allocations: 'allocation missing, or there without a receipt',
  sums: 'misaccounting',
  growth: 'misaccounting',
  channels: 'overcharged channel',
  policy: 'allocation not what the evidence implies',
  fidelity: 'influence paid by another fidelity than was attested',
  price: 'wrong price',
  allocation: 'allocation not what the evidence implies',
  records: 'false record',
};

/** Names of the faults that failed checks of a batch show, each once; a check nobody named stands for itself. */
export function faultsOf(checks: readonly Check[]): string[] {
  const failed = checks.filter(({ status }) => status === 'failed');
  return [...new Set(failed.map(({ name }) => faultOfCheck[name] ?? name))];
}
