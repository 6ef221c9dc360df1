import {
  addressSchema,
  bytes32Schema,
  channelId,
  hexSchema,
  openLedgerDomain,
  recoverVoucherSigner,
  type Voucher,
  voucherSchema,
} from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import { type Address, type Hex, isAddressEqual } from 'viem';
import { z } from 'zod';
import { type Context, now } from '../context.ts';
import { isUniqueViolation } from '../db/isUniqueViolation.ts';
import { sessions } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { Account } from './book.ts';

export const openSessionSchema = z.object({
  voucher: voucherSchema,
  signature: hexSchema.refine((value) => value.length === 132, 'must be a signature of 65 bytes'),
  keyHash: bytes32Schema,
  /** The chain the wallet signed for, if the caller says so: gives a better error. */
  chainId: z.int().positive().optional(),
});

type SessionRow = typeof sessions.$inferSelect;
type Request = z.output<typeof openSessionSchema>;

/** Chains people's wallets may stand on by mistake: a voucher signed there is told apart from a forged one. */
const likelyChains = [1, 10, 137, 8453, 42_161, 84_532, 11_155_111, 11_155_420, 1337, 31_337];

const lower = (address: Address): Address => addressSchema.parse(address.toLowerCase());

/** Takes a voucher for a channel and binds it to the hash of an API key. Throws ServiceError with what is missing. */
export async function openSession(context: Context, request: Request): Promise<Account & { collected: bigint }> {
  const { voucher, signature, keyHash } = request;
  const { chain, facts } = context;
  if (!isAddressEqual(voucher.operator, chain.operator)) {
    throw new ServiceError(
      400,
      'wrong_operator',
      `The voucher is for operator ${voucher.operator}: sign one for ${chain.operator}.`,
      {
        expected: chain.operator,
        got: voucher.operator,
      },
    );
  }
  await checkSignature(context, request);
  if (voucher.expiry <= now()) {
    throw new ServiceError(402, 'voucher_expired', 'The voucher has expired: sign one that ends later.', {
      expiry: voucher.expiry,
      now: now(),
    });
  }
  const channel = channelId(voucher);
  const state = await context.chain.client.readContract({ ...chain.contracts.escrow, functionName: 'channel', args: [channel] });
  if (!isAddressEqual(voucher.signer, voucher.payer) && state.expiry <= now()) {
    const message =
      state.expiry === 0
        ? 'The session key is not authorised on chain: authorise it in the escrow first.'
        : 'The session key has expired or was revoked: authorise a new one.';
    throw new ServiceError(402, 'session_expired', message, { expiry: state.expiry, now: now() });
  }
  const { balance } = await chain.client.readContract({
    ...chain.contracts.escrow,
    functionName: 'account',
    args: [voucher.payer, chain.operator],
  });
  const required = voucher.cumulativeCeiling > state.collected ? voucher.cumulativeCeiling - state.collected : 0n;
  if (balance < required) {
    throw new ServiceError(
      402,
      'insufficient_escrow',
      `The escrow holds ${balance} wei for this operator and the voucher allows ${required} more: deposit the difference.`,
      {
        required: required.toString(),
        available: balance.toString(),
      },
    );
  }
  const account = await context.book.learn(await storeSession(context, channel, voucher, signature, keyHash, state));
  facts.forgetPayer(account.payer);
  return { ...account, collected: state.collected };
}

async function checkSignature({ chain }: Context, { voucher, signature, chainId }: Request): Promise<void> {
  const signs = async (domain: typeof chain.voucherDomain): Promise<boolean> =>
    recoverVoucherSigner(voucher, signature, domain).then(
      (signer) => isAddressEqual(signer, voucher.signer),
      () => false,
    );
  if (await signs(chain.voucherDomain)) return;
  for (const other of new Set([...(chainId ? [chainId] : []), ...likelyChains])) {
    if (other !== chain.chainId && (await signs(openLedgerDomain(other, chain.contracts.escrow.address)))) {
      throw new ServiceError(
        400,
        'wrong_chain',
        `The voucher was signed for chain ${other}: switch the wallet to chain ${chain.chainId} and sign again.`,
        {
          expected: chain.chainId,
          got: other,
        },
      );
    }
  }
  throw new ServiceError(
    401,
    'invalid_signature',
    "The voucher's signature is not its signer's: sign it with the key that the voucher names.",
  );
}

/** Inserts the channel, or raises its ceiling. The key that came first keeps the channel: vouchers become public when settled. */
export async function storeSession(
  context: Pick<Context, 'db'>,
  channel: Hex,
  voucher: Voucher,
  signature: Hex,
  keyHash: Hex,
  onChain: { collected: bigint; sequence: number },
): Promise<SessionRow> {
  const { db } = context;
  const terms = {
    ceiling: voucher.cumulativeCeiling,
    maxSequence: voucher.maxSequence,
    expiry: voucher.expiry,
    signature,
  };
  try {
    return await db.transaction(async (tx) => {
      const [known] = await tx.select().from(sessions).where(eq(sessions.channel, channel)).for('update');
      if (!known) {
        const [row] = await tx
          .insert(sessions)
          .values({
            channel,
            keyHash,
            payer: lower(voucher.payer),
            signer: lower(voucher.signer),
            app: lower(voucher.app),
            appMarkupBps: voucher.appMarkupBps,
            spent: onChain.collected,
            sequence: onChain.sequence,
            ...terms,
          })
          .returning();
        return row as SessionRow;
      }
      if (known.keyHash !== keyHash) {
        throw new ServiceError(
          409,
          'session_exists',
          'This channel has another API key: use that one, or authorise a new session key.',
        );
      }
      if (known.app !== lower(voucher.app) || known.appMarkupBps !== voucher.appMarkupBps) {
        throw new ServiceError(
          409,
          'voucher_conflict',
          'A channel keeps its application and markup: authorise a new session key for another application.',
        );
      }
      const improves = terms.ceiling >= known.ceiling && terms.expiry >= known.expiry && terms.maxSequence >= known.maxSequence;
      if (!improves) return known;
      const [row] = await tx.update(sessions).set(terms).where(eq(sessions.channel, channel)).returning();
      return row as SessionRow;
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      // Two calls may open a channel at once: the second finds it there.
      const [opened] = await db.select({ channel: sessions.channel }).from(sessions).where(eq(sessions.channel, channel));
      if (opened) return storeSession(context, channel, voucher, signature, keyHash, onChain);
      throw new ServiceError(409, 'key_in_use', 'This API key stands for another channel: make a new key.');
    }
    throw error;
  }
}
