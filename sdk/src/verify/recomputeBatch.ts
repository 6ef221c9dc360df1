import { type Address, type Hex, keccak256, zeroAddress } from 'viem';
import { allocate, type Pool } from '../allocation/allocate.ts';
import type { Allocation } from '../evidence/evidence.ts';
import type { DatanetUse, IndexLeaf, Release, Terms } from '../release/release.ts';
import type { BatchHeader } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { type ChannelEntry, unpackChannelEntries } from '../settlement/channelEntries.ts';
import { channelId } from '../settlement/channelId.ts';
import { computeFee, type Fee } from '../settlement/fee.ts';
import { attempt, type Check, check, sameAddress, skipped } from './checks.ts';
import { sameAllocations } from './sameAllocations.ts';
import type { Verification } from './verifyReceipt.ts';

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
  policy: { protocolFeeBps: number; burnBps: number; contributorCapBps: number };
  /** By release hash; one that is missing is on no model of the chain. */
  releases: ReadonlyMap<Hex, ReleaseFacts>;
  /** Pool of each datanet by its id. */
  pools: ReadonlyMap<number, Address>;
  /** Unix day of the settlement's deployment. */
  firstDay: number;
  /** Sequence of each channel before the batch; absent where the node no longer has that state. */
  sequences?: ReadonlyMap<Hex, number>;
};

/** Seconds by which the clocks of an operator and of the chain may differ when a model changes hands. */
const clockSlack = 60;
const secondsPerDay = 86_400;

/**
 * Computes anew what of a batch follows from its evidence and the chain: what each channel pays, every fee, every
 * record's place in the index, every allocation. `verifyBatch` checks the rest. Never throws.
 */
export async function recomputeBatch(file: BatchFile, header: BatchHeader, facts: BatchFacts): Promise<Verification> {
  const checks = await Promise.all([
    attempt('channels', () => checkChannels(file, header, facts)),
    attempt('policy', () => checkPolicy(file, facts)),
    attempt('price', () => checkPrices(file, facts)),
    attempt('records', () => checkRecords(file, facts)),
    attempt('allocation', () => checkAllocation(file, header, facts)),
  ]);
  return { ok: checks.every(({ status }) => status !== 'failed'), checks };
}

/** Entries of a batch by channel. */
export function entriesOf(
  { operator }: Pick<BatchFile, 'operator'>,
  { channels }: Pick<BatchFacts, 'channels'>,
): Map<Hex, ChannelEntry> {
  return new Map(unpackChannelEntries(channels).map((entry) => [channelId({ ...entry, operator }), entry]));
}

function checkChannels(file: BatchFile, { body }: BatchHeader, facts: BatchFacts): Check {
  if (keccak256(facts.channels) !== body.channelsHash)
    return check('channels', false, '', 'The channels settled are not those the header commits.');
  const entries = entriesOf(file, facts);
  const byChannel = Map.groupBy(file.receipts, ({ receipt }) => receipt.channel);
  const isRight = (id: Hex, { collected, lastSequence, maxSequence, expiry }: ChannelEntry): boolean => {
    const receipts = byChannel.get(id) ?? [];
    const sequences = receipts.map(({ receipt }) => receipt.sequence).sort((a, b) => a - b);
    const before = facts.sequences?.get(id) ?? lastSequence - receipts.length;
    return (
      receipts.reduce((sum, { receipt }) => sum + receipt.fee, 0n) === collected &&
      lastSequence === before + receipts.length &&
      sequences.every((sequence, index) => sequence === before + 1 + index) &&
      lastSequence <= maxSequence &&
      receipts.every(({ receipt }) => receipt.timestamp <= expiry)
    );
  };
  const wrong = [...entries].filter(([id, entry]) => !isRight(id, entry)).length;
  const strange = [...byChannel.keys()].filter((id) => !entries.has(id)).length;
  return check(
    'channels',
    wrong === 0 && strange === 0,
    `Each of ${entries.size} channels pays exactly its receipts, one sequence after the other${facts.sequences ? '' : '; where each was before, the node no longer says'}.`,
    `${wrong + strange} of ${entries.size} channels pay something else than their receipts, or skip or repeat a sequence.`,
  );
}

function checkPolicy({ parameters, receipts }: BatchFile, { policy, pools, releases }: BatchFacts): Check {
  const { contributorCapBps, burnBps, poolSizes } = parameters;
  if (contributorCapBps !== policy.contributorCapBps || burnBps !== policy.burnBps)
    return check('policy', false, '', 'The cap or the burned share is not that of the fee version.');
  const strange = poolSizes.find(({ datanetId, pool }) => !sameAddress(pools.get(datanetId) ?? zeroAddress, pool));
  if (strange) return check('policy', false, '', `The pool named for datanet ${strange.datanetId} is not its pool.`);
  const stated = idsOf(poolSizes.map(({ datanetId }) => datanetId));
  const used = new Set(receipts.flatMap(({ composition }) => composition.map(({ releaseHash }) => releaseHash)));
  for (const hash of used) {
    const datanets = releases.get(hash)?.datanets;
    if (!datanets)
      return skipped('policy', `Cap, burn and pools are the chain's; the datanets of release ${hash} could not be fetched.`);
    if (idsOf(datanets) !== stated)
      return check('policy', false, '', `The pools are not those of the datanets of release ${hash}.`);
  }
  return check('policy', true, 'Cap, burn and pools are those of the fee version and of the datanets.', '');
}

const idsOf = (ids: readonly number[]): string => [...new Set(ids)].sort((a, b) => a - b).join(',');

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

function checkPrices(file: BatchFile, facts: BatchFacts): Check {
  const entries = entriesOf(file, facts);
  const wrong = file.receipts.filter((item) => feeOf(item, entries, facts)?.fee !== item.receipt.fee).length;
  return check(
    'price',
    wrong === 0,
    `All ${file.receipts.length} fees follow from tokens and bound prices.`,
    `${wrong} of ${file.receipts.length} fees do not follow from tokens and bound prices.`,
  );
}

function checkRecords({ receipts }: BatchFile, { releases }: BatchFacts): Check {
  let records = 0;
  let wrong = 0;
  let unread = 0;
  for (const { evidence, composition } of receipts) {
    const [component] = composition;
    if (evidence.nullThreshold !== releases.get(component?.releaseHash ?? '0x')?.nullThreshold) wrong += 1;
    for (const record of evidence.records) {
      records += 1;
      const release = releases.get(record.releaseHash);
      const isUsed = composition.some(({ releaseHash }) => releaseHash === record.releaseHash);
      if (release && isUsed && !release.index) unread += 1;
      else if (!isUsed || !opens(record, release?.index?.[record.position])) wrong += 1;
    }
  }
  if (wrong === 0 && unread > 0)
    return skipped('records', `${unread} of ${records} records stand in an index that could not be fetched.`);
  return check(
    'records',
    wrong === 0,
    `All ${records} records stand in their release's index with this contributor, cluster and row.`,
    `${wrong} records or thresholds are not what the release's index says.`,
  );
}

function opens(record: SettledReceipt['evidence']['records'][number], leaf: IndexLeaf | undefined): boolean {
  return (
    leaf !== undefined &&
    leaf.position === record.position &&
    leaf.recordId === record.recordId &&
    leaf.cluster === record.cluster &&
    leaf.rowRoot === record.rowRoot &&
    sameAddress(leaf.contributor, record.contributor)
  );
}

function checkAllocation(file: BatchFile, header: BatchHeader, facts: BatchFacts): Check {
  const entries = entriesOf(file, facts);
  const composed = file.receipts.filter(({ composition }) => composition.length !== 1).length;
  const wrong = file.receipts.filter(
    (item) => item.composition.length === 1 && !followsFromEvidence(item, entries, file, header, facts),
  ).length;
  if (wrong === 0 && composed > 0)
    return skipped(
      'allocation',
      `${composed} receipts name several releases, whose split is not recomputed yet; the others are right.`,
    );
  return check(
    'allocation',
    wrong === 0,
    `All ${file.receipts.length} allocations computed anew from the evidence are the same, to the wei.`,
    `${wrong} of ${file.receipts.length} allocations computed anew from the evidence are other ones.`,
  );
}

/** Whether the allocation is the one of the evidence, for an owner of the model and a day that the receipt allows. */
function followsFromEvidence(
  item: SettledReceipt,
  entries: ReadonlyMap<Hex, ChannelEntry>,
  file: BatchFile,
  header: BatchHeader,
  facts: BatchFacts,
): boolean {
  for (const computed of allocationsFromEvidence(item, entries, file, header, facts)) {
    if (sameAllocations(computed, item.allocations)) return true;
  }
  return false;
}

/**
 * The allocations that the evidence implies, one for each owner of the model and each day that the receipt allows; the
 * likeliest first.
 */
export function* allocationsFromEvidence(
  item: SettledReceipt,
  entries: ReadonlyMap<Hex, ChannelEntry>,
  { operator, parameters, dayIndex }: Pick<BatchFile, 'operator' | 'parameters' | 'dayIndex'>,
  { settledAt }: Pick<BatchHeader, 'settledAt'>,
  facts: BatchFacts,
): Generator<Allocation[], undefined> {
  const { receipt, composition, evidence, payer } = item;
  const [component] = composition;
  const fee = feeOf(item, entries, facts);
  const release = component && facts.releases.get(component.releaseHash);
  const terms = release?.terms.get(component?.termsVersion ?? 0);
  if (!fee || !release || !terms || composition.length !== 1) return undefined;
  const pools: Pool[] = parameters.poolSizes.map(({ datanetId, pool, size }) => ({ datanetId, pool, size }));
  const reputation = Object.fromEntries(
    Object.entries(parameters.reputation).map(([account, value]) => [account.toLowerCase(), value]),
  );
  const app = entries.get(receipt.channel)?.app ?? zeroAddress;
  // A receipt that waited keeps the votes' weight of the day of its call, which is never after the batch's.
  const earliest = Math.min(dayIndex, Math.max(0, Math.floor(receipt.timestamp / secondsPerDay) - facts.firstDay));
  const owners = ownersBetween(release.owners, receipt.timestamp - clockSlack, settledAt);
  for (let day = dayIndex; day >= earliest; day -= 1) {
    for (const developer of owners) {
      const { base, markup } = fee;
      const input = { base, markup, terms, operator, developer, payer, app, policy: facts.policy, evidence, reputation, pools };
      yield allocate({ ...input, dayIndex: day }).allocations;
    }
  }
  return undefined;
}

/** Who owned the model at some time of that span; the first owner also before it became one, clocks being what they are. */
function ownersBetween(owners: ReleaseFacts['owners'], from: number, to: number): Address[] {
  const inSpan = owners.filter((owner, index) => {
    const until = owners[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    return (index === 0 || owner.from <= to) && until >= from;
  });
  return inSpan.map(({ account }) => account);
}
