import { addressSchema, type DatanetFlag, receiptBundleSchema, scoreOf, zeroHash } from '@openledger/sdk';
import { and, desc, eq, sql } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { flagDatanets, flags, receipts } from '../db/schema.ts';
import { openBundle } from '../receipts/bundle.ts';

type Page = { limit: number; cursor?: { created: number; id: string } | undefined };

/** What readers found wrong with answers that rest on a datanet's records, newest first, with what the receipts say of them. */
export async function listFlags(
  { db, releases }: Pick<Context, 'db' | 'releases'>,
  datanetId: number,
  { limit, cursor }: Page,
): Promise<DatanetFlag[]> {
  const older = cursor ? sql`(${flags.created}, ${flags.id}) < (${cursor.created}, ${cursor.id})` : undefined;
  const rows = await db
    .select()
    .from(flags)
    .innerJoin(flagDatanets, eq(flagDatanets.flagId, flags.id))
    .innerJoin(receipts, eq(receipts.hash, flags.receiptHash))
    .where(and(eq(flagDatanets.datanetId, datanetId), older))
    .orderBy(desc(flags.created), desc(flags.id))
    .limit(limit);
  return Promise.all(
    rows.map(async ({ flags: flag, receipts: receipt }) => {
      const bundle = receiptBundleSchema.parse(JSON.parse(await openBundle(releases, receipt, true)));
      const { evidence, records, sources = [], messages = [], answer } = bundle;
      const titles = new Map([
        ...records.map(({ recordId, source }) => [recordId, source.title] as const),
        ...sources.map(({ recordId, title }) => [recordId, title] as const),
      ]);
      const about = <T extends { recordId: Hex; datanetId: number }>(entry: T): boolean =>
        entry.datanetId === datanetId && (flag.recordId === zeroHash || flag.recordId === entry.recordId);
      const describe = ({ recordId, contributor }: { recordId: Hex; contributor: Hex }) => ({
        recordId,
        title: titles.get(recordId) ?? '',
        contributor: addressSchema.parse(contributor),
      });
      const asked = messages.findLast(({ role }) => role === 'user')?.content;
      return {
        id: flag.id,
        receiptHash: flag.receiptHash as Hex,
        recordId: flag.recordId === zeroHash ? null : (flag.recordId as Hex),
        reason: flag.reason as DatanetFlag['reason'],
        note: flag.note,
        created: flag.created,
        flaggedBy: flag.signer as Hex,
        question: flag.disclose && typeof asked === 'string' ? asked : null,
        answer: flag.disclose ? (answer ?? null) : null,
        records: [
          ...evidence.passages
            .filter(about)
            .map((entry) => ({ ...describe(entry), channel: 'retrieval' as const, score: null, support: entry.support })),
          ...evidence.records
            .filter(about)
            .map((entry) => ({ ...describe(entry), channel: 'influence' as const, score: scoreOf(entry), support: null })),
        ],
      };
    }),
  );
}
