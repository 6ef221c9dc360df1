import { type Address, type Hex, zeroAddress } from 'viem';
import type { DatanetUse, IndexLeaf, Release, Terms } from '../release/release.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { type ChannelEntry, unpackChannelEntries } from '../settlement/channelEntries.ts';
import { channelId } from '../settlement/channelId.ts';
import { computeFee, type Fee } from '../settlement/fee.ts';
import type { FeePolicyTerms } from '../settlement/feePolicy.ts';
import type { FidelityFacts } from './checkFidelity.ts';
import { sameAddress } from './checks.ts';

/** What the chain, and a release's published index, say of a release. */
export type ReleaseFacts = {
  nullThreshold: number;
  /** By version. */
  terms: ReadonlyMap<number, Terms>;
  /** Owners of the model, oldest first, each with the Unix time from which it was one. */
  owners: readonly { account: Address; from: number }[];
  /** Ids of the datanets it was trained on, and its index by position, both opened against its hash; absent where they cannot be fetched. */
  datanets?: readonly number[];
  index?: readonly IndexLeaf[];
  /** What the release hash is over, and the datanet versions in it; absent where the manifest cannot be fetched. Only proofs need them. */
  release?: Release;
  uses?: readonly DatanetUse[];
};

/** What a batch is recomputed from, besides its file. */
export type BatchFacts = {
  /** The packed entries that `settle` took. */
  channels: Hex;
  /** Fee version of the batch. */
  policy: FeePolicyTerms;
  /** By release hash; one that is missing is on no model of the chain. */
  releases: ReadonlyMap<Hex, ReleaseFacts>;
  fidelities: FidelityFacts;
  /** Pool of each datanet by its id. */
  pools: ReadonlyMap<number, Address>;
  /** Unix day of the settlement's deployment. */
  firstDay: number;
  /** Sequence of each channel before the batch; absent where the node no longer has that state. */
  sequences?: ReadonlyMap<Hex, number>;
};

/** Entries of a batch by channel. */
export function entriesOf(
  { operator }: Pick<BatchFile, 'operator'>,
  { channels }: Pick<BatchFacts, 'channels'>,
): Map<Hex, ChannelEntry> {
  return new Map(unpackChannelEntries(channels).map((entry) => [channelId({ ...entry, operator }), entry]));
}

/** The fee by the bound prices and the application's markup; undefined where the chain has no such terms. */
export function feeOf(item: SettledReceipt, entries: ReadonlyMap<Hex, ChannelEntry>, { releases }: BatchFacts): Fee | undefined {
  const entry = entries.get(item.receipt.channel);
  const parts = item.composition.flatMap(({ releaseHash, termsVersion, weightBps }) => {
    const card = releases.get(releaseHash)?.terms.get(termsVersion);
    return card ? [{ card, weightBps }] : [];
  });
  if (!entry || parts.length !== item.composition.length) return undefined;
  return computeFee(parts, item.receipt, sameAddress(entry.app, zeroAddress) ? 0 : entry.appMarkupBps);
}
