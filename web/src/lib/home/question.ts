import type { ReceiptBundle } from '@openledger/sdk';

/** The last thing that was asked, as text; empty if the payer did not publish it. */
export function questionOf(bundle: Pick<ReceiptBundle, 'messages'>): string {
  const last = bundle.messages?.findLast(({ role }) => role === 'user');
  return typeof last?.content === 'string' ? last.content : '';
}
