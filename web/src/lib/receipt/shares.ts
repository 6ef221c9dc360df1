import { allocateBundle, type ReceiptBundle } from '@openledger/sdk';
import type { Address, Hex } from 'viem';

/** Colours for people, in the order in which a receipt names them; see tokens.css. */
const PALETTE = ['var(--c1)', 'var(--c2)', 'var(--c3)', 'var(--c5)', 'var(--c6)'];

/** A record that shaped an answer and its part of what the contributors get. */
export type RecordShare = {
  rank: number;
  recordId: Hex;
  /** The near-duplicates that it stands for. */
  cluster: Hex;
  title: string;
  path: string;
  version: string;
  licence: string;
  contributionId: number | undefined;
  contributor: Address;
  datanetId: number;
  /** Wei from this answer before caps, and what of it came by which channel before reputation. */
  amount: bigint;
  byChannel: Record<'influence' | 'verbatim' | 'retrieval', bigint>;
  /** Of the contributors' part, from 0 to 1. */
  weight: number;
  color: string;
};

/** One who is paid by an answer. */
export type Payee = {
  role: 'contributor' | 'pool' | 'operator' | 'developer' | 'parents' | 'backers' | 'app' | 'protocol';
  account: Address | undefined;
  datanetId?: number;
  amount: bigint;
  color: string;
};

/** A colour for each contributor of an answer, the most influential first. */
export function colorsOf(bundle: ReceiptBundle): Map<string, string> {
  const colors = new Map<string, string>();
  const { records, spans, passages } = bundle.evidence;
  for (const { contributor } of [...records, ...spans.flatMap(({ sources }) => sources), ...passages]) {
    const key = contributor.toLowerCase();
    if (!colors.has(key)) colors.set(key, PALETTE[colors.size % PALETTE.length] ?? 'var(--c7)');
  }
  return colors;
}

/** Who shaped the answer and by how much, best first; `unexplained` is what goes to the datanets' pools, from 0 to 1. */
export function recordShares(bundle: ReceiptBundle): { records: RecordShare[]; unexplained: number } {
  const { parts } = allocateBundle(bundle);
  const pool = parts.pools.reduce((sum, { amount }) => sum + amount, 0n);
  const total = parts.contributors.reduce((sum, { amount }) => sum + amount, 0n) + pool;
  const sources = knownSources(bundle);
  const colors = colorsOf(bundle);
  const share = (amount: bigint): number => (total === 0n ? 0 : Number((amount * 1_000_000n) / total) / 1_000_000);
  const records = parts.clusters
    .map((cluster) => {
      const known = sources.get(cluster.recordId);
      return {
        rank: 0,
        recordId: cluster.recordId,
        cluster: cluster.cluster,
        title: known?.source.title ?? '',
        path: known?.source.path ?? '',
        version: known?.source.version ?? '',
        licence: known?.source.licence ?? '',
        contributionId: known?.contributionId,
        contributor: cluster.contributor,
        datanetId: cluster.datanetId,
        amount: cluster.paid,
        byChannel: cluster.byChannel,
        weight: share(cluster.paid),
        color: colors.get(cluster.contributor.toLowerCase()) ?? 'var(--c7)',
      };
    })
    .sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : a.recordId < b.recordId ? -1 : 1))
    .map((record, index) => ({ ...record, rank: index + 1 }));
  return { records, unexplained: share(pool) };
}

/** Where the records of an answer are from: those of the release's index, and those that were looked up. */
function knownSources({
  records,
  sources = [],
}: ReceiptBundle): Map<Hex, Pick<ReceiptBundle['records'][number], 'source' | 'contributionId'>> {
  return new Map([
    ...sources.map(({ recordId, title, link, licence, proof }) => {
      const source = { title, path: link, version: '', licence };
      return [recordId, { source, contributionId: proof.contributionId }] as const;
    }),
    ...records.map((record) => [record.recordId, record] as const),
  ]);
}

/** Everyone the fee goes to. The amounts sum exactly to the fee. */
export function payees(bundle: ReceiptBundle): Payee[] {
  const { parts, protocolFee } = allocateBundle(bundle);
  const colors = colorsOf(bundle);
  const list: Payee[] = [
    ...parts.contributors.map(({ account, amount }) => ({
      role: 'contributor' as const,
      account,
      amount,
      color: colors.get(account.toLowerCase()) ?? 'var(--c7)',
    })),
    ...parts.pools.map(({ pool, datanetId, amount }) => ({
      role: 'pool' as const,
      account: pool,
      datanetId,
      amount,
      color: 'var(--c7)',
    })),
    { role: 'operator', account: bundle.channel.operator, amount: parts.operator, color: 'var(--c4)' },
    { role: 'developer', account: bundle.developer, amount: parts.developer, color: 'var(--ink)' },
    { role: 'parents', account: bundle.terms.parents, amount: parts.parents, color: 'var(--c6)' },
    { role: 'backers', account: bundle.terms.backers, amount: parts.backers, color: 'var(--c5)' },
    { role: 'app', account: bundle.app.address, amount: parts.app, color: 'var(--c6)' },
    { role: 'protocol', account: undefined, amount: protocolFee, color: 'var(--line-strong)' },
  ];
  return list.filter(({ amount }) => amount > 0n);
}
