import type { Address, Hex } from 'viem';
import type { Allocation, RecordScore } from '../evidence/evidence.ts';
import type { SettledReceipt } from '../settlement/batchFile.ts';
import type { ChannelEntry } from '../settlement/channelEntries.ts';
import type { Receipt } from '../settlement/receipt.ts';
import type { Lie, Signed } from './falseBatch.ts';

const stranger: Address = '0x00000000000000000000000000000000000000ff';
const nothing: Hex = `0x${'11'.repeat(32)}`;
const unit = 10_000n;

/** A receipt of a single release with records: only of such can the chain judge the evidence. */
const isPlain = ({ composition, evidence }: SettledReceipt): boolean => composition.length === 1 && evidence.records.length > 1;
const isComposed = ({ composition, evidence }: SettledReceipt): boolean =>
  composition.length > 1 && new Set(evidence.records.map(({ releaseHash }) => releaseHash)).size > 1;

/** Lies about the receipts that are meant only. */
const ofThose =
  (which: (item: SettledReceipt) => boolean, change: (item: SettledReceipt) => Signed): Lie['signed'] =>
  (item) =>
    which(item) ? change(item) : undefined;
const plain = (change: (item: SettledReceipt) => Signed): Lie => ({ signed: ofThose(isPlain, change) });
const composed = (change: (item: SettledReceipt) => Signed): Lie => ({ signed: ofThose(isComposed, change) });
/** Fields of the receipt at a position. */
const fields =
  (at: number, change: (receipt: Receipt) => Partial<Receipt>): Lie['signed'] =>
  ({ receipt }, position) =>
    position === at ? { receipt: change(receipt) } : undefined;

/** A receipt of a single release with spans and passages that earn something. */
const isQuoting = ({ composition, evidence, receipt }: SettledReceipt): boolean =>
  composition.length === 1 &&
  evidence.spans.length > 1 &&
  evidence.passages.some(({ support }) => support > 0 && support < 10_000) &&
  receipt.fee > 0n;
const quoting = (change: (item: SettledReceipt) => Partial<SettledReceipt['evidence']>): Lie => ({
  signed: ofThose(isQuoting, (item) => ({ evidence: { ...item.evidence, ...change(item) } })),
});
type Source = SettledReceipt['evidence']['spans'][number]['sources'][number];

const firstRecord = (change: (record: RecordScore) => Partial<RecordScore>): Lie =>
  plain(({ evidence }) => {
    const records = evidence.records.map((record, rank) => (rank === 0 ? { ...record, ...change(record) } : record));
    return { evidence: { ...evidence, records } };
  });

const richest = (allocations: readonly Allocation[]): number =>
  allocations.reduce((best, { amount }, index) => (amount > (allocations[best]?.amount ?? 0n) ? index : best), 0);

/** A wei of the account with most goes to another. */
function moveOneWei(allocations: readonly Allocation[]): Allocation[] {
  const [giver, taker] = [richest(allocations), richest(allocations) === 0 ? 1 : 0];
  const change = (index: number): bigint => (index === giver ? -1n : index === taker ? 1n : 0n);
  return allocations.map((one, index) => ({ ...one, amount: one.amount + change(index) }));
}

function moveOneVote(allocations: readonly Allocation[]): Allocation[] {
  const giver = allocations.findIndex(({ weight }) => weight > 0n);
  const taker = giver === 0 ? 1 : 0;
  const change = (index: number): bigint => (giver < 0 ? 0n : index === giver ? -1n : index === taker ? 1n : 0n);
  return allocations.map((one, index) => ({ ...one, weight: one.weight + change(index) }));
}

const swap = <T>(items: readonly T[], i: number, j: number): T[] =>
  items.map((item, index) => (index === i ? items[j] : index === j ? items[i] : item) as T);
const shift =
  (by: bigint) =>
  (entries: ChannelEntry[]): ChannelEntry[] =>
    entries.map((entry, index) => ({ ...entry, collected: entry.collected + (index === 0 ? by : index === 1 ? -by : 0n) }));
const atFirst =
  (change: (stated: Allocation[]) => Allocation[]): Lie['settled'] =>
  (stated, position) =>
    position === 0 ? change(stated) : stated;
const last = <T>(items: readonly T[]): T => items.at(-1) as T;

/** Each with the fault whose proof is found for it. Honest batches have to have two channels and plain receipts. */
export const mutations: readonly (readonly [what: string, fault: string, lie: Lie])[] = [
  ['receipts out of order', 'disorder', { receipts: (all) => swap(all, 0, 1) }],
  ['a receipt twice', 'disorder', { receipts: (all) => [...all, last(all)] }],
  ['rewards out of order', 'disorder', { rewards: (all) => swap(all, 1, 2) }],
  [
    'an account twice in a receipt',
    'disorder',
    { settled: atFirst((all) => [...all, { ...last(all), amount: 0n, weight: 0n }]) },
  ],
  ['fees that are no whole units', 'malformed leaf', { signed: fields(0, ({ fee }) => ({ fee: fee + 5_000n })) }],
  [
    'fees whose sum only is whole',
    'malformed leaf',
    { signed: (item, at) => fields(at < 2 ? at : -1, ({ fee }) => ({ fee: fee + 5_000n }))?.(item, at) },
  ],
  ['another fee version', 'mislabelled receipt', { signed: fields(1, () => ({ feeVersion: 7 })) }],
  ['the fee version of before', 'mislabelled receipt', { signed: fields(0, () => ({ feeVersion: 0 })) }],
  [
    'a sequence without a receipt',
    'missing receipt',
    { signed: fields(0, ({ sequence }) => ({ sequence: sequence + 100_000 })) },
  ],
  ['a receipt left out', 'missing receipt', { receipts: (all) => all.slice(1) }],
  [
    'a receipt under a later sequence',
    'stray receipt',
    { signed: fields(0, ({ sequence }) => ({ sequence: sequence + 100_000 })) },
  ],
  ['a receipt of a channel that pays nothing', 'stray receipt', { signed: fields(0, () => ({ channel: nothing })) }],
  ['a channel pays for another', 'wrong collection', { collected: shift(unit) }],
  ['a channel is paid for by another', 'wrong collection', { collected: shift(-unit) }],
  ['rewards moved by a wei', 'misaccounting', { rewards: moveOneWei }],
  ['votes moved by one', 'misaccounting', { rewards: moveOneVote }],
  ['an account that vanished', 'misaccounting', { rewards: (all) => all.slice(0, -1) }],
  [
    'an account that was allocated nothing',
    'misaccounting',
    { rewards: (all) => [{ account: `0x${'00'.repeat(19)}01`, amount: 1n, weight: 0n }, ...all] },
  ],
  ['a wei paid to another than stated', 'unfaithful allocation', { settled: atFirst(moveOneWei) }],
  ['votes given to another than stated', 'unfaithful allocation', { settled: atFirst(moveOneVote) }],
  ['a stated allocation left out', 'unfaithful allocation', { settled: atFirst((all) => all.slice(1)) }],
  ['allocations at the place of another receipt', 'stray allocation', { positions: (all) => swap(all, 0, 1) }],
  ['allocations a place further', 'stray allocation', { positions: (all) => [...all.slice(1), ...all.slice(0, 1)] }],
  [
    'a receipt that states more than its fee',
    'unbalanced allocation',
    plain(({ allocations }) => ({
      allocations: allocations.map((one, at) => (at === 0 ? { ...one, amount: one.amount + 1n } : one)),
    })),
  ],
  [
    'a receipt that states less than its fee',
    'unbalanced allocation',
    plain(({ allocations }) => ({
      allocations: allocations.map((one, at) => (at === richest(allocations) ? { ...one, amount: one.amount - 1n } : one)),
    })),
  ],
  ['a fee too high', 'wrong price', plain(({ receipt }) => ({ receipt: { fee: receipt.fee + unit } }))],
  ['a fee too low', 'wrong price', plain(({ receipt }) => ({ receipt: { fee: receipt.fee - unit } }))],
  [
    'more tokens than were paid',
    'wrong price',
    plain(({ receipt }) => ({ receipt: { completionTokens: receipt.completionTokens + 1 } })),
  ],
  [
    'prices that nobody set',
    'wrong price',
    plain(({ composition }) => ({ composition: composition.map((part) => ({ ...part, termsVersion: 9 })) })),
  ],
  ['a record of another contributor', 'false record', firstRecord(() => ({ contributor: stranger }))],
  ['a record in another cluster', 'false record', firstRecord(() => ({ cluster: nothing }))],
  ['a record with another row', 'false record', firstRecord(() => ({ rowRoot: nothing }))],
  ['a record of no row', 'false record', firstRecord(() => ({ position: 1_000 }))],
  ['a record of a release that did not answer', 'false record', firstRecord(() => ({ releaseHash: nothing }))],
  [
    'another null threshold',
    'false record',
    plain(({ evidence }) => ({ evidence: { ...evidence, nullThreshold: evidence.nullThreshold + 1 } })),
  ],
  [
    'a score in two parts of a row of one',
    'false score',
    firstRecord(({ partials }) => ({ partials: [(partials[0] ?? 0) - 5, 5] })),
  ],
  [
    'a score of no part',
    'false score',
    plain(({ evidence }) => ({
      evidence: { ...evidence, records: [...evidence.records.slice(0, -1), { ...last(evidence.records), partials: [] }] },
    })),
  ],
  [
    'a wei that the evidence gives to another',
    'unfounded allocation',
    plain(({ allocations }) => ({ allocations: moveOneWei(allocations) })),
  ],
  [
    'votes that the evidence gives to another',
    'unfounded allocation',
    plain(({ allocations }) => ({ allocations: moveOneVote(allocations) })),
  ],
  [
    'the best record left out of the evidence',
    'unfounded allocation',
    plain(({ evidence }) => ({ evidence: { ...evidence, records: evidence.records.slice(1) } })),
  ],
  [
    'records out of order',
    'unfounded allocation',
    plain(({ evidence }) => ({ evidence: { ...evidence, records: evidence.records.toReversed() } })),
  ],
  ['a cap of the operator’s own', 'unfounded allocation', { parameters: (honest) => ({ ...honest, contributorCapBps: 100 }) }],
  ['a burned share of the operator’s own', 'unfounded allocation', { parameters: (honest) => ({ ...honest, burnBps: 0 }) }],
  [
    'a verbatim weight of the operator’s own',
    'unfounded allocation',
    { parameters: (honest) => ({ ...honest, channelWeights: { influence: 7_000, verbatim: 0, retrieval: 3_000 } }) },
  ],
  [
    'weights that sum to more than the whole',
    'unfounded allocation',
    { parameters: (honest) => ({ ...honest, channelWeights: { ...honest.channelWeights, influence: 10_000 } }) },
  ],
  [
    'a floor of the operator’s own',
    'unfounded allocation',
    { parameters: (honest) => ({ ...honest, fidelityFloorBps: 10_000 }) },
  ],
  [
    'other fidelities than are paid by',
    'unfounded allocation',
    {
      parameters: (honest) => ({
        ...honest,
        fidelity: Object.fromEntries(Object.keys(honest.fidelity).map((hash) => [hash, 4_321])),
      }),
    },
  ],
  ['the spans left out of the evidence', 'unfounded allocation', quoting(({ evidence }) => ({ spans: evidence.spans.slice(1) }))],
  ['a span over another', 'unfounded allocation', quoting(({ evidence: { spans } }) => ({ spans: [...spans, last(spans)] }))],
  [
    'a span that is not shared',
    'unfounded allocation',
    quoting(({ evidence: { spans } }) => ({
      spans: spans.map((span) => ({ ...span, sources: [{ ...(span.sources[0] as Source), cluster: nothing }] })),
    })),
  ],
  ['the passages left out of the evidence', 'unfounded allocation', quoting(() => ({ passages: [] }))],
  [
    'more support than is paid',
    'unfounded allocation',
    quoting(({ evidence: { passages } }) => ({
      passages: passages.map((passage, at) => ({ ...passage, support: at === 0 ? 10_000 : 0 })),
    })),
  ],
  [
    'support beyond the whole answer',
    'unfounded allocation',
    quoting(({ evidence: { passages } }) => ({ passages: passages.map((passage) => ({ ...passage, support: 10_001 })) })),
  ],
  [
    'a pool of the operator’s own',
    'unfounded allocation',
    {
      parameters: (honest) => ({
        ...honest,
        poolSizes: honest.poolSizes.map((one, at) => (at === 0 ? { ...one, pool: stranger } : one)),
      }),
    },
  ],
  [
    'a datanet left out',
    'unfounded allocation',
    { parameters: (honest) => ({ ...honest, poolSizes: honest.poolSizes.slice(1) }) },
  ],
];

/** Lies about receipts of several releases that the chain cannot judge: the check that finds each from the published data. */
export const composedMutations: readonly (readonly [what: string, check: string, lie: Lie])[] = [
  [
    'a wei that the evidence gives to another',
    'allocation',
    composed(({ allocations }) => ({ allocations: moveOneWei(allocations) })),
  ],
  [
    'votes that the evidence gives to another',
    'allocation',
    composed(({ allocations }) => ({ allocations: moveOneVote(allocations) })),
  ],
  [
    'weights exchanged after the split',
    'allocation',
    composed(({ composition }) => ({ composition: exchangeWeights(composition) })),
  ],
  [
    'the records of one release left out',
    'allocation',
    composed(({ evidence, composition }) => ({
      evidence: {
        ...evidence,
        records: evidence.records.filter(({ releaseHash }) => releaseHash === composition[0]?.releaseHash),
      },
    })),
  ],
  [
    'releases in another order than their records',
    'allocation',
    composed(({ evidence }) => ({ evidence: { ...evidence, records: evidence.records.toReversed() } })),
  ],
  ['a fee too high', 'price', composed(({ receipt }) => ({ receipt: { fee: receipt.fee + unit } }))],
  [
    'a record of another contributor',
    'records',
    composed(({ evidence }) => ({
      evidence: {
        ...evidence,
        records: evidence.records.map((record, rank) => (rank === 0 ? { ...record, contributor: stranger } : record)),
      },
    })),
  ],
  [
    'another null threshold',
    'records',
    composed(({ evidence }) => ({ evidence: { ...evidence, nullThreshold: evidence.nullThreshold + 1 } })),
  ],
];

/** Each release gets the weight of the next; a tenth more where that changes nothing. */
function exchangeWeights(composition: SettledReceipt['composition']): SettledReceipt['composition'] {
  const [first, second, ...rest] = composition;
  if (!first || !second) throw new Error('Several releases are needed.');
  const move = Math.min(1_000, first.weightBps);
  const moved = [first.weightBps - move, second.weightBps + move];
  return [{ ...first, weightBps: moved[0] ?? 0 }, { ...second, weightBps: moved[1] ?? 0 }, ...rest];
}
