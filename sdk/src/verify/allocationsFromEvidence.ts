import { type Address, type Hex, zeroAddress } from 'viem';
import { allocate } from '../allocation/allocate.ts';
import { allocateComposed, type ComposedRelease } from '../allocation/allocateComposed.ts';
import type { Allocation } from '../evidence/evidence.ts';
import type { BatchHeader } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import type { ChannelEntry } from '../settlement/channelEntries.ts';
import { type BatchFacts, feeOf, type ReleaseFacts } from './batchFacts.ts';
import { sameAddress } from './checks.ts';

/** Seconds by which the clocks of an operator and of the chain may differ when a model changes hands. */
const clockSlack = 60;
const secondsPerDay = 86_400;
/** How many ways in which owners can stand together are tried; each sale that adds to them costs somebody a transaction. */
const mostCasts = 256;

type File = Pick<BatchFile, 'operator' | 'parameters' | 'dayIndex'>;
type Entries = ReadonlyMap<Hex, ChannelEntry>;

/**
 * The allocations that the evidence implies, one for each owner of each model and each day that the receipt allows; the
 * likeliest first. Of several releases only owners that the receipt pays are tried, where it pays one. None where terms or
 * datanets are not known; throws where nothing follows from such evidence.
 */
export function* allocationsFromEvidence(
  item: SettledReceipt,
  entries: Entries,
  file: File,
  { settledAt }: Pick<BatchHeader, 'settledAt'>,
  facts: BatchFacts,
): Generator<Allocation[], undefined> {
  const { receipt, composition, evidence, payer } = item;
  const { operator, parameters, dayIndex } = file;
  const fee = feeOf(item, entries, facts);
  const releases = composition.flatMap(({ releaseHash }) => facts.releases.get(releaseHash) ?? []);
  if (!fee || releases.length !== composition.length) return undefined;
  const reputation = Object.fromEntries(
    Object.entries(parameters.reputation).map(([account, value]) => [account.toLowerCase(), value]),
  );
  const app = entries.get(receipt.channel)?.app ?? zeroAddress;
  const { base, markup } = fee;
  const { completionTokens } = receipt;
  const pools = parameters.poolSizes;
  const common = { base, markup, operator, payer, app, policy: facts.policy, reputation, pools, completionTokens };
  // A receipt that waited keeps the votes' weight of the day of its call, which is never after the batch's.
  const earliest = Math.min(dayIndex, Math.max(0, Math.floor(receipt.timestamp / secondsPerDay) - facts.firstDay));
  const owners = releases.map((release) => ownersBetween(release.owners, receipt.timestamp - clockSlack, settledAt));
  const [release] = releases;
  const terms = release?.terms.get(composition[0]?.termsVersion ?? 0);
  const fidelityBps = parameters.fidelity[composition[0]?.releaseHash ?? '0x'];
  for (let day = dayIndex; day >= earliest; day -= 1) {
    if (composition.length === 1) {
      if (!terms) return undefined;
      for (const developer of owners[0] ?? [])
        yield allocate({ ...common, terms, developer, evidence, fidelityBps, dayIndex: day }).allocations;
      continue;
    }
    for (const developers of castsOf(owners.map((some) => ownersPaid(some, item)))) {
      const composed = composedReleases(item, releases, developers, parameters);
      if (!composed) return undefined;
      yield allocateComposed({ ...common, evidence, releases: composed, dayIndex: day }).allocations;
    }
  }
  return undefined;
}

/** Whether all that the split of several releases needs is known; only datanets can be missing of a registered one. */
export function canCompose({ composition }: SettledReceipt, { releases }: BatchFacts): boolean {
  return (
    composition.length === 1 ||
    composition.every(({ releaseHash }) => !releases.has(releaseHash) || releases.get(releaseHash)?.datanets)
  );
}

function composedReleases(
  { composition, evidence }: SettledReceipt,
  releases: readonly ReleaseFacts[],
  developers: readonly Address[],
  { fidelity }: BatchFile['parameters'],
): ComposedRelease[] | undefined {
  const composed = composition.flatMap(({ releaseHash, termsVersion, weightBps }, index) => {
    const release = releases[index];
    const terms = release?.terms.get(termsVersion);
    const developer = developers[index];
    if (!terms || !developer || !release?.datanets) return [];
    // The threshold of the first is the one that the evidence states; those of the others are their releases'.
    const nullThreshold = index === 0 ? evidence.nullThreshold : release.nullThreshold;
    const fidelityBps = fidelity[releaseHash];
    return [{ releaseHash, weightBps, terms, developer, nullThreshold, fidelityBps, datanets: release.datanets }];
  });
  return composed.length === composition.length ? composed : undefined;
}

/** Those of the owners whom the receipt pays; if none, one: then nothing is paid to whoever it was, or the receipt is wrong. */
function ownersPaid(owners: readonly Address[], { allocations }: SettledReceipt): Address[] {
  const unique = [...new Set(owners)];
  const paid = unique.filter((owner) => allocations.some(({ account }) => sameAddress(account, owner)));
  return paid.length > 0 ? paid : unique.slice(0, 1);
}

/** Every way to choose one of each list, the first of each first. */
function* castsOf(lists: readonly (readonly Address[])[]): Generator<Address[]> {
  const count = Math.min(
    mostCasts,
    lists.reduce((product, { length }) => product * length, 1),
  );
  for (let number = 0; number < count; number += 1) {
    let rest = number;
    yield lists.map((list) => {
      const chosen = list[rest % list.length] as Address;
      rest = Math.floor(rest / list.length);
      return chosen;
    });
  }
}

/** Who owned the model at some time of that span; the first owner also before it became one, clocks being what they are. */
function ownersBetween(owners: ReleaseFacts['owners'], from: number, to: number): Address[] {
  const inSpan = owners.filter((owner, index) => {
    const until = owners[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    return (index === 0 || owner.from <= to) && until >= from;
  });
  return inSpan.map(({ account }) => account);
}
