import { type Address, type Hex, keccak256, zeroAddress } from 'viem';
import { allocationHash } from '../evidence/allocationHash.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { hashJson } from '../schema/hashJson.ts';
import { type BatchHeader, dataCommitment, headerHash } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { addRewards, rewardsTree, sortReceipts } from '../settlement/batchTrees.ts';
import { type ChannelEntry, packChannelEntries } from '../settlement/channelEntries.ts';
import { channelId } from '../settlement/channelId.ts';
import { type Component, compositionHash } from '../settlement/composition.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { restatedPolicy } from '../settlement/feePolicy.ts';
import { type Receipt, receiptHash, signReceipt } from '../settlement/receipt.ts';
import { zeroHash } from '../tree/nodes.ts';
import type { SumTree } from '../tree/sumTree.ts';
import { type Random, seededRandom } from '../vectors/random.ts';
import { allocationsFromEvidence } from '../verify/allocationsFromEvidence.ts';
import { type BatchFacts, feeOf } from '../verify/batchFacts.ts';
import { headerOf } from '../verify/testBatch.ts';
import { testContext, testOperator } from '../verify/testReceipt.ts';
import type { BatchContext } from '../verify/verifyBatch.ts';
import { datanetIds, type HonestRelease, honestPeople, honestReleases, type People } from './honestReleases.ts';

export type Shape = { receipts: number; channels: number; releases: number };

/** A batch with all that it is checked and proven against, honest or not. */
export type MadeBatch = {
  file: BatchFile;
  header: BatchHeader;
  context: BatchContext & { previousRewards: NonNullable<BatchContext['previousRewards']> };
  facts: BatchFacts & Required<Pick<BatchFacts, 'sequences'>>;
  entries: readonly ChannelEntry[];
  previous: { header: BatchHeader; rewardsTree: SumTree };
  releases: readonly HonestRelease[];
};

const policy = {
  ...{ protocolFeeBps: 1_000, burnBps: 5_000, contributorCapBps: 7_000 },
  ...{ verbatimBps: 2_000, retrievalBps: 3_000, fidelityFloorBps: 5_000 },
};
const secondsPerDay = 86_400;
const firstDay = 20_000;
const dayIndex = 40;
/** In the evening of the batch's day. */
export const settledAt = (firstDay + dayIndex) * secondsPerDay + 72_000;
const operator = testOperator.address.toLowerCase() as Address;
export const testDomain = openLedgerDomain(testContext.chainId, testContext.settlement);

/**
 * An honest batch from a seed: as many channels (payers, session keys, applications with and without markup) and receipts as
 * asked for, of plain releases and of compositions of two to four, with agents' steps and child receipts, models that were
 * sold, receipts that waited since the day before, spans and passages in every third evidence, and a batch before it.
 */
export async function honestBatch(seed: string, shape: Shape): Promise<MadeBatch> {
  const random = seededRandom(`honest batch ${seed}`);
  const people = honestPeople(random);
  const releases = honestReleases(random, people, shape.releases, settledAt - 50_000);
  const parameters = {
    reputation: Object.fromEntries(people.contributors.slice(0, 4).map((who) => [who, 5_000 + random.below(5_001)])),
    ...restatedPolicy(policy),
    // Every other release was measured: below the floor, between it and the whole, and beyond.
    fidelity: Object.fromEntries(releases.flatMap(({ hash }, at) => (at % 2 === 0 ? [[hash, 1_000 + 2_000 * at]] : []))),
    poolSizes: datanetIds.map((datanetId) => ({ datanetId, pool: random.address(), size: random.below(4) * 50 })),
  };
  const open = await openChannels(random, people, shape);
  const facts = {
    channels: packChannelEntries(
      operator,
      open.map(({ entry }) => entry),
    ),
    policy,
    releases: new Map(releases.map(({ hash, facts: of }) => [hash, of])),
    fidelities: new Map(
      Object.entries(parameters.fidelity).map(([hash, lowBps]) => [hash as Hex, { lowBps: Number(lowBps), attestedAt: 1 }]),
    ),
    pools: new Map(parameters.poolSizes.map(({ datanetId, pool }) => [datanetId, pool])),
    firstDay,
    sequences: new Map(open.map(({ id, entry }) => [id, entry.previousSequence])),
  };
  const frame = { operator, parameters, dayIndex };
  const made: SettledReceipt[] = [];
  for (const { id, entry, calls } of open) {
    for (let call = 1; call <= calls; call += 1) {
      const parent = made.at(-1)?.receipt;
      made.push(await answer(random, { id, entry, sequence: entry.previousSequence + call, parent }, releases, frame, facts));
    }
  }
  const receipts = sortReceipts(made);
  const entries = open.map(({ id, entry }) => {
    const collected = receipts.reduce((sum, { receipt }) => (receipt.channel === id ? sum + receipt.fee : sum), 0n);
    return { ...entry, collected };
  });
  const channels = packChannelEntries(operator, entries);
  const previousRewards = addRewards(
    [],
    people.contributors.map((account) => ({
      receipt: made[0]?.receipt as Receipt,
      allocations: [{ account, amount: random.upTo(10n ** 18n), weight: random.upTo(10n ** 9n) }],
    })),
  );
  const file: BatchFile = {
    version: 1,
    batchIndex: 2,
    feeVersion: 1,
    ...frame,
    receipts,
    rewards: addRewards(previousRewards, receipts),
  };
  const earlier = { ...file, batchIndex: 1, receipts: receipts.slice(0, 1), rewards: previousRewards };
  const previous = {
    header: { ...headerOf(earlier, channels), settledAt: settledAt - 9_000 },
    rewardsTree: rewardsTree(previousRewards),
  };
  const header = nextHeader(file, channels, previous.header);
  const context = { ...testContext, signer: testOperator.address, storedHeaderHash: headerHash(header), previousRewards };
  return { file, header, context, facts: { ...facts, channels }, entries, previous, releases };
}

/** The header that commits this file, built on that batch. */
export function nextHeader(file: BatchFile, channels: Hex, previous: BatchHeader): BatchHeader {
  const { body, rewards } = headerOf(file, channels);
  const dataHash = keccak256(dataCommitment('bafy'));
  return { body: { ...body, previousHash: headerHash(previous), dataHash }, rewards, settledAt };
}

type Channel = { id: Hex; entry: ChannelEntry; calls: number };

async function openChannels(random: Random, { others }: People, { receipts, channels }: Shape): Promise<Channel[]> {
  const signature = await testOperator.sign({ hash: zeroHash }); // of a voucher, which nobody checks here
  const counts = Array.from({ length: channels }, () => 1);
  for (let rest = receipts - channels; rest > 0; rest -= 1) {
    const lucky = random.below(channels);
    counts[lucky] = (counts[lucky] ?? 0) + 1;
  }
  let payer = random.address();
  return counts.map((calls) => {
    const isKnown = random.below(3) === 0; // the payer of the channel before, with a session key
    if (!isKnown) payer = random.address();
    const signer = isKnown || random.below(2) === 0 ? random.address() : payer;
    const app = random.below(3) === 0 ? random.pick(others) : zeroAddress;
    const previousSequence = random.below(3) * random.below(1_000);
    const entry = {
      ...{ payer, signer, collected: 0n, previousSequence, lastSequence: previousSequence + calls },
      ...{ cumulativeCeiling: 10n ** 26n, maxSequence: 0xffff_ffff, app, appMarkupBps: random.below(2_000) },
      ...{ expiry: 0xffff_ffff, signature },
    };
    return { id: channelId({ payer, operator, signer }), entry, calls };
  });
}

type Call = { id: Hex; entry: ChannelEntry; sequence: number; parent: Receipt | undefined };

/** One answer, allocated as the SDK computes it from its evidence, and signed. */
async function answer(
  random: Random,
  { id, entry, sequence, parent }: Call,
  releases: readonly HonestRelease[],
  frame: Pick<BatchFile, 'operator' | 'parameters' | 'dayIndex'>,
  facts: BatchFacts,
): Promise<SettledReceipt> {
  const composition = compose(random, releases);
  const completionTokens = random.below(500);
  const evidence = evidenceOf(random, composition, releases, completionTokens);
  const isAgent = random.below(6) === 0;
  const receipt = {
    channel: id,
    sequence,
    compositionHash: compositionHash(composition),
    promptTokens: random.below(2_000),
    completionTokens,
    retrievalTokens: random.below(4) === 0 ? random.below(900) : 0,
    agentSteps: isAgent ? 1 + random.below(5) : 0,
    fee: 0n,
    feeVersion: 1,
    promptHash: random.bytes32(),
    outputHash: random.bytes32(),
    evidenceHash: evidenceHash(evidence),
    allocationHash: zeroHash,
    traceHash: hashJson(traceOf(sequence)),
    parentReceipt: parent && random.below(5) === 0 ? receiptHash(parent) : zeroHash,
    // Now and then it waited since the day before.
    timestamp: settledAt - random.below(60_000) - (random.below(5) === 0 ? secondsPerDay : 0),
  };
  const draft = {
    receipt,
    signature: '0x' as Hex,
    allocations: [],
    evidence,
    composition,
    payer: entry.payer,
    signer: entry.signer,
  };
  return sign(draft, new Map([[id, entry]]), frame, facts);
}

/** What stands for the circumstances of a call. */
export const traceOf = (sequence: number): { seed: number } => ({ seed: sequence });

/** The receipt with fee and allocation as they follow from the rest, signed. */
export async function sign(
  draft: SettledReceipt,
  entries: ReadonlyMap<Hex, ChannelEntry>,
  frame: Pick<BatchFile, 'operator' | 'parameters' | 'dayIndex'>,
  facts: BatchFacts,
): Promise<SettledReceipt> {
  const fee = feeOf(draft, entries, facts)?.fee;
  if (fee === undefined) throw new Error('An honest receipt has a price.');
  const priced = { ...draft, receipt: { ...draft.receipt, fee } };
  // For any owner and day that the receipt allows.
  const all = [...allocationsFromEvidence(priced, entries, frame, { settledAt }, facts)];
  const allocations = all[Number(BigInt(draft.receipt.promptHash) % BigInt(Math.max(1, all.length)))];
  if (!allocations) throw new Error('An honest receipt has an allocation.');
  const receipt = { ...priced.receipt, allocationHash: allocationHash(allocations) };
  return { ...priced, receipt, allocations, signature: await signReceipt(testOperator, receipt, testDomain) };
}

/** Mostly one release; else two to four, those that know a part of the datanets together. */
function compose(random: Random, releases: readonly HonestRelease[]): Component[] {
  const whole = releases.filter(({ isWhole }) => isWhole);
  const part = (hash: Hex, weightBps: number): Component => ({ releaseHash: hash, termsVersion: 1 + random.below(2), weightBps });
  if (random.below(3) > 0 || releases.length < 2) return [part(random.pick(whole).hash, 10_000)];
  const halves = releases.filter(({ isWhole }) => !isWhole);
  const some = halves.length > 0 && random.below(2) === 0 ? halves : whole.slice(0, 2 + random.below(3));
  const chosen = random.below(2) === 0 ? some : some.toReversed();
  const cuts = chosen.slice(1).map(() => random.below(10_001));
  const places = [0, ...cuts.sort((a, b) => a - b), 10_000];
  return chosen.map(({ hash }, index) => part(hash, (places[index + 1] ?? 0) - (places[index] ?? 0)));
}

function evidenceOf(
  random: Random,
  composition: readonly Component[],
  releases: readonly HonestRelease[],
  completionTokens: number,
): Evidence {
  const records = composition.flatMap(({ releaseHash }) => {
    const release = releases.find(({ hash }) => hash === releaseHash);
    if (!release) throw new Error('A composition names known releases.');
    const { index, nullThreshold, datanets } = release.facts;
    const listed = index.filter(() => random.below(3) === 0).slice(0, 8);
    return listed
      .map(({ position, recordId, cluster, contributor, rowRoot }) => ({
        ...{ releaseHash, position, recordId, cluster, contributor, rowRoot },
        reviewer: release.reviewers[position] ?? zeroAddress,
        datanetId: random.pick(datanets),
        partials: [nullThreshold + 1 + random.below(20_000)],
      }))
      .sort((a, b) => (b.partials[0] ?? 0) - (a.partials[0] ?? 0) || (a.recordId < b.recordId ? -1 : 1));
  });
  const first = releases.find(({ hash }) => hash === composition[0]?.releaseHash);
  const nullThreshold = first?.facts.nullThreshold ?? 0;
  const isQuoting = random.below(3) === 0;
  const spans = isQuoting ? spansOf(random, composition, releases, completionTokens) : [];
  const passages = isQuoting ? passagesOf(random, records) : [];
  return { queryRoot: random.bytes32(), nullThreshold, records, spans, passages, parents: [] };
}

/** As many as fit into the answer, up to 8, each with one to four sources in the releases that answered. */
function spansOf(
  random: Random,
  composition: readonly Component[],
  releases: readonly HonestRelease[],
  completionTokens: number,
): Evidence['spans'] {
  const indexes = composition.map(({ releaseHash }) => ({
    releaseHash,
    facts: releases.find(({ hash }) => hash === releaseHash)?.facts,
  }));
  const spans: Evidence['spans'] = [];
  for (let start = random.below(30); spans.length < 8; start += random.below(60)) {
    const length = 8 + random.below(40);
    if (start + length > completionTokens) break;
    const sources = Array.from({ length: 1 + random.below(4) }, () => {
      const { releaseHash, facts } = random.pick(indexes);
      if (!facts) throw new Error('A composition names known releases.');
      const { position, recordId, cluster, contributor } = random.pick(facts.index);
      const datanetId = random.pick(facts.datanets);
      return { releaseHash, position, recordId, cluster, contributor, datanetId, offset: random.below(100) };
    });
    spans.push({ start, length, sources });
    start += length;
  }
  return spans;
}

/** Up to 8 passages that explain at most the whole answer; some of them records that are listed as well. */
function passagesOf(random: Random, records: Evidence['records']): Evidence['passages'] {
  let left = 10_000;
  return Array.from({ length: random.below(9) }, () => {
    const support = random.below(left + 1);
    left -= support;
    const own = random.bytes32();
    const stranger = { recordId: own, cluster: own, contributor: random.address(), datanetId: random.pick(datanetIds) };
    const { recordId, cluster, contributor, datanetId } =
      records.length > 0 && random.below(3) === 0 ? random.pick(records) : stranger;
    return { datanetId, version: 1, recordId, cluster, contributor, support };
  });
}
