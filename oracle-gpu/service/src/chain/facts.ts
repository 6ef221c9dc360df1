import { feePolicyOf, type Terms } from '@openledger/sdk';
import { type Address, type Hex, zeroAddress } from 'viem';
import { cached } from '../cached.ts';
import { now } from '../context.ts';
import type { Book } from '../sessions/book.ts';
import type { Chain } from './open.ts';

/** How long what the chain says is believed without asking again, ms. Everything is checked anew when it is settled. */
const brief = 3_000;
/** The same for what only a reorganisation can change, ms. */
const long = 30_000;

export type Facts = ReturnType<typeof createFacts>;
/** A payer's money with this operator and its channels, all at one block. `cap` and `expiry` are those of a session key. */
export type PayerState = {
  /** Of the block that this was read at, Unix seconds. */
  time: number;
  balance: bigint;
  thawing: bigint;
  channels: Map<Hex, { collected: bigint; cap: bigint; sequence: number; expiry: number }>;
};

/** What calls need to know of the chain, remembered briefly. */
export function createFacts(chain: Chain, book: Book) {
  const { client, contracts, operator } = chain;

  const operatorState = cached(brief, () =>
    client.readContract({ ...contracts.operators, functionName: 'operator', args: [operator] }),
  );
  const clock = cached(1_000, () => client.getBlock().then(({ timestamp }) => Number(timestamp)));
  const dayIndex = cached(brief, () => client.readContract({ ...contracts.settlement, functionName: 'dayIndex' }));
  const window = cached(long, () => client.readContract({ ...contracts.settlement, functionName: 'window' }).then(Number));
  const fee = cached(brief, async () => {
    const feeVersion = await client.readContract({ ...contracts.fees, functionName: 'currentVersion' });
    const fee = await client.readContract({ ...contracts.fees, functionName: 'fee', args: [feeVersion] });
    return { feeVersion, ...feePolicyOf(fee) };
  });
  const model = cached(brief, async (key) => {
    const modelId = Number(key);
    const [termsVersion, releases, listed] = await Promise.all([
      client.readContract({ ...contracts.models, functionName: 'termsVersion', args: [modelId] }),
      client.readContract({ ...contracts.models, functionName: 'releaseCount', args: [modelId] }),
      client.readContract({ ...contracts.models, functionName: 'isListed', args: [modelId] }),
    ]);
    const owner = await client.readContract({ ...contracts.modelOwners, functionName: 'ownerOf', args: [BigInt(modelId)] });
    return { termsVersion, releases, listed, developer: owner.toLowerCase() as Address };
  });
  const release = cached(long, (key) => {
    const [modelId, index] = key.split(':').map(Number) as [number, number];
    return client.readContract({ ...contracts.models, functionName: 'releaseAt', args: [modelId, index] });
  });
  const terms = cached(long, async (key): Promise<Terms> => {
    const [modelId, version] = key.split(':').map(Number) as [number, number];
    const found = await client.readContract({ ...contracts.models, functionName: 'terms', args: [modelId, version] });
    return { ...found, parents: found.parents.toLowerCase() as Address, backers: found.backers.toLowerCase() as Address };
  });
  const datanet = cached(brief, async (key) => {
    const found = await client.readContract({ ...contracts.datanets, functionName: 'datanet', args: [Number(key)] });
    const { policy, retrievalAllowed, versions, records } = found;
    const provider = found.provider.toLowerCase() as Address;
    const pool = found.pool.toLowerCase() as Address;
    return { pool, records, provider, policy, retrievalAllowed, versions, exists: provider !== zeroAddress };
  });
  const payer = cached(brief, async (key): Promise<PayerState> => {
    const ids = [...(await book.payer(key)).keys()] as Hex[];
    const { number: blockNumber, timestamp } = await client.getBlock();
    const [money, ...states] = await Promise.all([
      client.readContract({ ...contracts.escrow, functionName: 'account', args: [key as Address, operator], blockNumber }),
      ...ids.map((id) => client.readContract({ ...contracts.escrow, functionName: 'channel', args: [id], blockNumber })),
    ]);
    return {
      time: Number(timestamp),
      balance: money.balance,
      thawing: money.thawing,
      channels: new Map(states.map((state, index) => [ids[index] as Hex, state])),
    };
  });

  return {
    operator: () => operatorState.get(''),
    /** Seconds since 1970 by whichever clock is ahead, the chain's or ours. */
    clock: async () => Math.max(await clock.get(''), now()),
    dayIndex: () => dayIndex.get(''),
    window: () => window.get(''),
    fee: () => fee.get(''),
    model: (modelId: number) => model.get(String(modelId)),
    forgetModel: (modelId: number) => model.forget(String(modelId)),
    releaseAt: (modelId: number, index: number) => release.get(`${modelId}:${index}`),
    terms: (modelId: number, version: number) => terms.get(`${modelId}:${version}`),
    datanet: (datanetId: number) => datanet.get(String(datanetId)),
    payer: (account: string) => payer.get(account.toLowerCase()),
    forgetPayer: (account: string) => payer.forget(account.toLowerCase()),
  };
}
