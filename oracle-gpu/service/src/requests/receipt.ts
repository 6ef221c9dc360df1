import { signVoucher } from '@openledger/sdk';
import { and, eq, isNull, ne } from 'drizzle-orm';
import { type Address, type Hex, keccak256, stringToHex, zeroAddress } from 'viem';
import type { Context } from '../context.ts';
import { receipts, requestChannels, sessions } from '../db/schema.ts';
import { produce } from '../gateway/answer.ts';
import { plainMessages } from '../gateway/chatRequest.ts';
import type { Account } from '../sessions/book.ts';
import type { Plan, RequestRow } from './plan.ts';

export type StoredReceipt = typeof receipts.$inferSelect;

/** The channel that a request's fee goes through, as the chain tells it once the request is accepted. */
export type RequestChannel = { account: Address; channel: Hex; expiry: number; acceptedAt: number };

/** The receipt that was signed for a channel of a request: there is one at most, whatever happens in between. */
export async function receiptOf({ db }: Pick<Context, 'db'>, channel: Hex): Promise<StoredReceipt | undefined> {
  const [row] = await db.select().from(receipts).where(eq(receipts.channel, channel));
  return row;
}

/** Receipts of a request that no batch holds, but for that of one channel: the chain has another acceptance than they. */
export async function strandedReceipts({ db }: Pick<Context, 'db'>, requestId: number, except: Hex): Promise<{ hash: string }[]> {
  return db
    .select({ hash: receipts.hash })
    .from(receipts)
    .innerJoin(requestChannels, eq(requestChannels.channel, receipts.channel))
    .where(
      and(
        eq(requestChannels.requestId, requestId),
        ne(receipts.channel, except),
        eq(receipts.status, 'signed'),
        isNull(receipts.batchIndex),
      ),
    );
}

/**
 * Has the engine answer, and stores the receipt as that of any call: with its sequence and signature in one transaction,
 * under a voucher that the operator signs itself, as the session key that the request's account authorises.
 */
export async function makeReceipt(
  context: Context,
  row: RequestRow,
  plan: Plan,
  at: RequestChannel,
  signal: AbortSignal,
): Promise<void> {
  const account = await openAccount(context, row, at);
  const { messages, maxTokens, promptTokenIds, model } = plan;
  account.calls += 1;
  let held = true;
  await produce(
    context,
    {
      session: account,
      model,
      asked: { shape: 'chat', echo: false, logprobs: null, isPublic: false },
      answers: [
        {
          call: {
            id: `request-${row.requestId}`,
            idempotencyKey: null,
            requestHash: '',
            created: at.acceptedAt,
            model: row.releaseHash,
            stream: false,
            includeUsage: false,
          },
          reservation: {
            account,
            release: () => {
              if (held) account.calls -= 1;
              held = false;
            },
          },
          choice: { input: { messages: plainMessages(messages) }, quoted: messages },
          // Greedy, so that whoever replays it gets the same.
          generation: { maxTokens, temperature: 0, topP: 1, seed: 0, stop: [] },
          promptTokenIds,
        },
      ],
      giveBack: () => undefined,
    },
    { write: () => true, signal },
  );
}

/** The session of a request's channel. No API key stands for it. */
async function openAccount({ db, chain, book }: Context, row: RequestRow, at: RequestChannel): Promise<Account> {
  const payer = at.account.toLowerCase();
  const voucher = {
    payer: payer as Address,
    operator: chain.operator,
    signer: chain.operator,
    cumulativeCeiling: row.maxFee,
    maxSequence: 1,
    app: zeroAddress,
    appMarkupBps: 0,
    expiry: at.expiry,
  };
  const values = {
    channel: at.channel,
    keyHash: keccak256(stringToHex(`request channel ${at.channel}`)),
    payer,
    signer: chain.operator,
    ceiling: voucher.cumulativeCeiling,
    maxSequence: voucher.maxSequence,
    app: voucher.app,
    appMarkupBps: voucher.appMarkupBps,
    expiry: voucher.expiry,
    signature: await signVoucher(chain.account, voucher, chain.voucherDomain),
    spent: 0n,
    sequence: 0,
  };
  await db.transaction(async (tx) => {
    await tx.insert(sessions).values(values).onConflictDoNothing();
    await tx.insert(requestChannels).values({ channel: at.channel, requestId: row.requestId }).onConflictDoNothing();
  });
  const [session] = await db.select().from(sessions).where(eq(sessions.channel, at.channel));
  if (!session) throw new Error('The database did not return the session of a request.');
  return book.learn(session);
}
