import { randomUUID } from 'node:crypto';
import { addressSchema, evidenceSchema, flagTypedData, recoverFlagSigner, type SignedFlag, zeroHash } from '@openledger/sdk';
import { and, eq } from 'drizzle-orm';
import { type Address, isAddressEqual } from 'viem';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { flagDatanets, flags, receipts } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { wholeBundle } from '../receipts/evidence.ts';

const publicPart = z.object({
  evidence: evidenceSchema,
  channel: z.object({ payer: addressSchema, operator: addressSchema, signer: addressSchema }),
});

/**
 * Stores what a reader finds wrong with an answer, for the reviewers of the datanets behind it. Only who paid for the answer
 * can flag it, each record once: a flag costs at least an answer. It slashes nobody.
 * @returns the flag's id; the same flag again returns the first one's
 */
export async function takeFlag(
  context: Pick<Context, 'db' | 'chain' | 'releases'>,
  { signature, ...flag }: SignedFlag,
): Promise<string> {
  const { db, chain, releases } = context;
  const [receipt] = await db.select().from(receipts).where(eq(receipts.hash, flag.receiptHash));
  if (!receipt) throw new ServiceError(404, 'receipt_not_found', `This operator signed no receipt ${flag.receiptHash}.`);
  const release = await releases.ofReceipt(receipt.releaseHash);
  const { evidence, channel } = publicPart.parse(wholeBundle(release, receipt.bundle));
  const signer = await signerOf(chain, { signature, ...flag }, channel);
  const behind = [...evidence.records, ...evidence.passages, ...evidence.spans.flatMap(({ sources }) => sources)];
  const meant = flag.recordId === zeroHash ? behind : behind.filter(({ recordId }) => recordId === flag.recordId);
  if (meant.length === 0)
    throw new ServiceError(
      400,
      'record_not_in_receipt',
      flag.recordId === zeroHash
        ? 'No record stands behind this answer, so there is nobody to review it.'
        : `Record ${flag.recordId} does not stand behind this answer: flag one that its receipt names.`,
    );
  const datanets = [...new Set(meant.map(({ datanetId }) => datanetId))];
  return db.transaction(async (tx) => {
    const row = { ...flag, id: randomUUID(), signer, signature };
    const [stored] = await tx.insert(flags).values(row).onConflictDoNothing().returning({ id: flags.id });
    if (stored) {
      await tx.insert(flagDatanets).values(datanets.map((datanetId) => ({ flagId: stored.id, datanetId })));
      return stored.id;
    }
    const { receiptHash, recordId } = flag;
    const [known] = await tx
      .select()
      .from(flags)
      .where(and(eq(flags.receiptHash, receiptHash), eq(flags.recordId, recordId), eq(flags.signer, signer)));
    if (!known) throw new Error('The database returned no flag where it has one.');
    const isSame = known.reason === flag.reason && known.note === flag.note && known.disclose === flag.disclose;
    if (!isSame)
      throw new ServiceError(409, 'already_flagged', 'You have flagged this already, for another reason: the first one stands.');
    return known.id;
  });
}

/** Whose flag it is: the session key of the answer's channel, or its payer, which may be a contract (ERC-1271). */
async function signerOf(
  { client, receiptDomain }: Context['chain'],
  { signature, ...flag }: SignedFlag,
  { payer, signer }: { payer: Address; signer: Address },
): Promise<string> {
  const recovered = await recoverFlagSigner(flag, signature, receiptDomain).catch(() => undefined);
  for (const account of [payer, signer]) if (recovered && isAddressEqual(recovered, account)) return account.toLowerCase();
  const byContract = await client
    .verifyTypedData({ address: payer, ...flagTypedData(flag, receiptDomain), signature })
    .catch(() => false);
  if (byContract) return payer.toLowerCase();
  throw new ServiceError(
    403,
    'not_the_payer',
    'Only who paid for an answer can flag it: sign with the payer’s wallet or the session key that asked.',
    { payer, signer },
  );
}
