import { type Address, erc20Abi } from 'viem';
import { formatOpen } from '#lib/format/amount.ts';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { transact } from './transact.ts';

/** Lets `spender` take `amount` OPEN for `what`, unless it already may. Never allows more than is needed. */
export async function ensureAllowance(app: App, spender: Address, amount: bigint, what: string): Promise<void> {
  if (amount === 0n) return;
  const { address } = await app.wallet.ready();
  const token = { address: app.address('OpenToken'), abi: erc20Abi } as const;
  const allowed = await app.chain.readContract({ ...token, functionName: 'allowance', args: [address, spender] });
  if (allowed >= amount) return;
  await transact(app, {
    ...token,
    title: m.approve_title({ amount: formatOpen(amount), what }),
    functionName: 'approve',
    args: [spender, amount],
  });
}
