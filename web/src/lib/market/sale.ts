import { modelMarketAbi } from '@openledger/sdk';
import { erc721Abi } from 'viem';
import { sameAddress } from '#lib/format/address.ts';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';

type Model = { number: number; name: string };

const market = (app: App) => ({ address: app.address('ModelMarket'), abi: modelMarketAbi }) as const;

/** Offers a model for a price (wei) until a time (Unix seconds), or changes the offer. Approves the market for this model only. */
export async function offerModel(app: App, { number, name }: Model, price: bigint, expiry: number): Promise<void> {
  const token = { address: app.address('ModelRegistry'), abi: erc721Abi } as const;
  const { address } = market(app);
  const approved = await app.chain.readContract({ ...token, functionName: 'getApproved', args: [BigInt(number)] });
  if (!sameAddress(approved, address)) {
    await transact(app, {
      ...token,
      title: m.sale_approve_title({ name }),
      functionName: 'approve',
      args: [address, BigInt(number)],
    });
  }
  await transact(app, {
    ...market(app),
    title: m.sale_offer_title({ name }),
    functionName: 'list',
    args: [number, price, BigInt(expiry)],
  });
}

export async function withdrawOffer(app: App, { number, name }: Model): Promise<void> {
  await transact(app, { ...market(app), title: m.sale_withdraw_title({ name }), functionName: 'unlist', args: [number] });
}

/** Buys a model as it was shown: dearer, or with other terms or releases than that, it is not bought. */
export async function buyModel(
  app: App,
  { number, name }: Model,
  seen: { maxPrice: bigint; termsVersion: number; releaseCount: number },
): Promise<void> {
  await ensureAllowance(app, market(app).address, seen.maxPrice, m.sale_buy_title({ name }));
  await transact(app, { ...market(app), title: m.sale_buy_title({ name }), functionName: 'buy', args: [number, seen] });
}
