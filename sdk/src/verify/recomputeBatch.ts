import { type Hex, keccak256, zeroAddress } from 'viem';
import type { Evidence, RecordScore } from '../evidence/evidence.ts';
import { componentsPerChunk } from '../output/int8Tree.ts';
import type { BatchHeader } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import type { ChannelEntry } from '../settlement/channelEntries.ts';
import { restates } from '../settlement/feePolicy.ts';
import { allocationsFromEvidence, canCompose } from './allocationsFromEvidence.ts';
import { type BatchFacts, entriesOf, feeOf, type ReleaseFacts } from './batchFacts.ts';
import { checkFidelity } from './checkFidelity.ts';
import { attempt, type Check, check, sameAddress, skipped } from './checks.ts';
import { sameAllocations } from './sameAllocations.ts';
import type { Verification } from './verifyReceipt.ts';

/**
 * Computes anew what of a batch follows from its evidence and the chain: what each channel pays, every fee, every
 * record's place in the index, every allocation. `verifyBatch` checks the rest. Never throws.
 */
export async function recomputeBatch(file: BatchFile, header: BatchHeader, facts: BatchFacts): Promise<Verification> {
  const checks = await Promise.all([
    attempt('channels', () => checkChannels(file, header, facts)),
    attempt('policy', () => checkPolicy(file, facts)),
    attempt('fidelity', () => checkBatchFidelity(file, facts)),
    attempt('price', () => checkPrices(file, facts)),
    attempt('records', () => checkRecords(file, facts)),
    attempt('allocation', () => checkAllocation(file, header, facts)),
  ]);
  return { ok: checks.every(({ status }) => status !== 'failed'), checks };
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
  const { poolSizes } = parameters;
  if (!restates(parameters, policy))
    return check(
      'policy',
      false,
      '',
      'The cap, the burned share, a channel’s weight or the floor is not that of the fee version.',
    );
  const strange = poolSizes.find(({ datanetId, pool }) => !sameAddress(pools.get(datanetId) ?? zeroAddress, pool));
  if (strange) return check('policy', false, '', `The pool named for datanet ${strange.datanetId} is not its pool.`);
  const stated = idsOf(poolSizes.map(({ datanetId }) => datanetId));
  const used = new Map(
    receipts.map(({ composition }) => [composition.map(({ releaseHash }) => releaseHash).join(), composition]),
  );
  for (const composition of used.values()) {
    const datanets: number[] = [];
    for (const { releaseHash } of composition) {
      const own = releases.get(releaseHash)?.datanets;
      if (!own)
        return skipped(
          'policy',
          `Cap, burn, weights and pools are the chain's; the datanets of release ${releaseHash} could not be fetched.`,
        );
      datanets.push(...own);
    }
    if (idsOf(datanets) !== stated) {
      const names = composition.map(({ releaseHash }) => releaseHash).join(' and ');
      return check('policy', false, '', `The pools are not those of the datanets of release ${names}.`);
    }
  }
  return check(
    'policy',
    true,
    'Cap, burn, channels’ weights, floor and pools are those of the fee version and of the datanets.',
    '',
  );
}

function checkBatchFidelity({ parameters, receipts }: BatchFile, { fidelities }: BatchFacts): Check {
  const releases = receipts.flatMap(({ composition }) => composition.map(({ releaseHash }) => releaseHash));
  const since = Math.min(...receipts.map(({ receipt }) => receipt.timestamp));
  return checkFidelity(releases, parameters.fidelity, since, fidelities);
}

const idsOf = (ids: readonly number[]): string => [...new Set(ids)].sort((a, b) => a - b).join(',');

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
    for (const record of [...evidence.records, ...evidence.spans.flatMap(({ sources }) => sources)]) {
      records += 1;
      const release = releases.get(record.releaseHash);
      const isUsed = composition.some(({ releaseHash }) => releaseHash === record.releaseHash);
      if (release && isUsed && !release.index) unread += 1;
      else if (!isUsed || !release || !opens(record, release)) wrong += 1;
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

/** A record by its score, or as the source of a span, which states neither row nor score. */
type Quoted = Omit<Evidence['spans'][number]['sources'][number], 'offset'> & Partial<Pick<RecordScore, 'rowRoot' | 'partials'>>;

function opens(record: Quoted, { index, release }: ReleaseFacts): boolean {
  const leaf = index?.[record.position];
  return (
    (!release || !record.partials || record.partials.length === Math.ceil(release.k / componentsPerChunk)) &&
    leaf !== undefined &&
    leaf.position === record.position &&
    leaf.recordId === record.recordId &&
    leaf.cluster === record.cluster &&
    (record.rowRoot === undefined || leaf.rowRoot === record.rowRoot) &&
    sameAddress(leaf.contributor, record.contributor)
  );
}

function checkAllocation(file: BatchFile, header: BatchHeader, facts: BatchFacts): Check {
  const entries = entriesOf(file, facts);
  const [known, unknown] = [true, false].map((can) => file.receipts.filter((item) => canCompose(item, facts) === can));
  const wrong = known?.filter((item) => !followsFromEvidence(item, entries, file, header, facts)).length ?? 0;
  if (wrong === 0 && unknown && unknown.length > 0)
    return skipped(
      'allocation',
      `${unknown.length} receipts name several releases, of which the datanets could not be fetched; the others are right.`,
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
