import { apiKeyHash, channelId, hashJson, networkOf, signVoucher, type Voucher } from '@openledger/sdk';
import type { SettleResponse } from '@x402/core/types';
import { and, eq } from 'drizzle-orm';
import {
  type Address,
  concatHex,
  type Hex,
  isAddressEqual,
  keccak256,
  parseSignature,
  recoverTypedDataAddress,
  stringToHex,
  zeroAddress,
} from 'viem';
import { z } from 'zod';
import { RefusedTransaction } from '../chain/outbox.ts';
import { type Context, now } from '../context.ts';
import { payments } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { Asked } from '../gateway/asked.ts';
import { quote } from '../gateway/quote.ts';
import type { Account } from '../sessions/book.ts';
import { storeSession } from '../sessions/openSession.ts';
import { exactPrice } from './offer.ts';
import { vaultOf } from './vault.ts';

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text as Address);
const whole = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);
/** `payload` of x402's `exact` scheme on EVM chains, by EIP-3009. */
export const exactPaymentSchema = z.object({
  authorization: z.object({
    from: address,
    to: address,
    value: whole,
    validAfter: whole,
    validBefore: whole,
    nonce: z
      .string()
      .regex(/^0x[0-9a-fA-F]{64}$/)
      .transform((text) => text as Hex),
  }),
  signature: z
    .string()
    .regex(/^0x[0-9a-fA-F]{130}$/, 'must be a signature of 65 bytes')
    .transform((text) => text as Hex),
});
type Payment = z.output<typeof exactPaymentSchema>;

const authorizationTypes = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const;

const isOf = (payer: Address, nonce: Hex) => and(eq(payments.payer, payer), eq(payments.nonce, nonce));

const refuse = (code: string, message: string, detail: Record<string, unknown> = {}) =>
  new ServiceError(402, code, message, detail);

/** A call that is paid for. */
export type Paid = {
  session: Account;
  idempotencyKey: string;
  /** What the payment header of its answer says, as things stand. */
  settled: () => SettleResponse;
  /** The payment that moved money before the call, if one did. */
  moved?: { nonce: Hex; amount: string; transaction: Hex };
};

/** How long a request waits for the block that takes its payment, ms. */
const patienceMs = 60_000;

/**
 * Takes an authorised transfer: checks it, has it moved and credited on chain, once, and opens the channel that it prepaid.
 * A transfer that somebody else has sent is credited as well; a cancelled one is refused. The transfer belongs to the
 * request that it came with first: the same header again gets the same answer, another request is refused.
 */
export async function payExactly(context: Context, asked: Asked, payment: Payment): Promise<Paid> {
  const { chain, db } = context;
  const { authorization } = payment;
  const payer = authorization.from.toLowerCase() as Address;
  const nonce = authorization.nonce.toLowerCase() as Hex;
  await check(context, asked, payment);
  await ready(context, payer);

  const requestHash = hashJson(asked.body);
  const amount = authorization.value;
  const [first] = await db.insert(payments).values({ payer, nonce, requestHash, amount }).onConflictDoNothing().returning();
  const [bound] = await db.select().from(payments).where(isOf(payer, nonce));
  if (bound?.requestHash !== requestHash)
    throw new ServiceError(409, 'payment_used', 'This payment came with another request: sign a new one for this call.');

  const transaction = await creditOnce(context, payment, payer, nonce);
  const session = await openPrepaid(context, payer);
  const settled = () => ({
    success: true,
    payer,
    transaction,
    network: networkOf(chain.chainId),
    amount: amount.toString(),
    // What this call leaves can be spent with the key. Only with the first answer: whoever sends a public payment again gets none.
    extra: { channel: session.channel, ...(first ? { apiKey: prepaidKeyOf(context, session.channel as Hex) } : {}) },
  });
  return { session, idempotencyKey: `x402:${nonce}`, settled, moved: { nonce, amount: amount.toString(), transaction } };
}

/** Whether a call would be taken once it is paid: nobody pays for what is refused anyway. */
async function ready({ chain, facts, closed }: Context, payer: Address): Promise<void> {
  if (!(await facts.operator()).active)
    throw new ServiceError(
      503,
      'operator_inactive',
      'This operator has too little stake behind its receipts, so it takes no calls: ask another one.',
    );
  if (closed.channels.has(channelId({ payer, operator: chain.operator, signer: chain.account.address })))
    throw refuse(
      'channel_closed',
      'An earlier receipt of this payer cannot be settled: pay by voucher, or ask another operator.',
    );
}

async function check(context: Context, asked: Asked, { authorization, signature }: Payment): Promise<void> {
  const { chain } = context;
  const { from, to, value, validAfter, validBefore, nonce } = authorization;
  const [{ most }, vault] = await Promise.all([quote(context, asked), vaultOf(context)]);
  if (!isAddressEqual(to, vault))
    throw refuse('wrong_recipient', `The payment goes to ${to}: sign one to ${vault}.`, { expected: vault, got: to });
  const required = exactPrice(context, most);
  if (value < required)
    throw refuse('insufficient_payment', `This answer asks for ${required} wei and the payment is ${value}: sign one for more.`, {
      required: required.toString(),
      available: value.toString(),
    });
  const domain = { name: 'OpenLedger', version: '1', chainId: chain.chainId, verifyingContract: chain.contracts.token.address };
  const message = { from, to, value, validAfter, validBefore, nonce };
  const typed = { domain, types: authorizationTypes, primaryType: 'TransferWithAuthorization', message } as const;
  const signer = await recoverTypedDataAddress({ ...typed, signature }).catch(() => undefined);
  if (!signer || !isAddressEqual(signer, from))
    throw refuse('invalid_signature', `The payment is not signed by ${from} for OPEN on chain ${chain.chainId}: sign it there.`);
}

const crediting = new WeakMap<Context['outbox'], Map<string, Promise<Hex>>>();

/** `credit`, once for all requests that bring the same payment at the same time. */
function creditOnce(context: Context, payment: Payment, payer: Address, nonce: Hex): Promise<Hex> {
  const running = crediting.get(context.outbox) ?? new Map<string, Promise<Hex>>();
  crediting.set(context.outbox, running);
  const key = `${payer}:${nonce}`;
  const known = running.get(key);
  if (known) return known;
  const work = credit(context, payment, payer, nonce).finally(() => running.delete(key));
  running.set(key, work);
  return work;
}

/** Has the transfer moved and credited, unless it is. @returns the transaction that did it, as far as it is known here */
async function credit(context: Context, payment: Payment, payer: Address, nonce: Hex): Promise<Hex> {
  const { chain, outbox } = context;
  const { prepayments } = chain.contracts;
  const purpose = `prepay:${payer}:${nonce}`;
  const isCredited = () => chain.client.readContract({ ...prepayments, functionName: 'isCredited', args: [payer, nonce] });
  if (await isCredited()) return creditedBy(context, payer, nonce);
  const earlier = await outbox.find(purpose);
  const { value, validAfter, validBefore } = payment.authorization;
  if (validBefore <= BigInt(now()))
    throw refuse('payment_expired', 'The time of this payment is over: sign a new one.', { validBefore: validBefore.toString() });
  const patience = AbortSignal.timeout(patienceMs);
  try {
    const inFlight = earlier && (await outbox.isInFlight(purpose)) ? earlier : undefined;
    const row = inFlight ?? (await outbox.send(purpose, pay()));
    return (await outbox.settled(row, patience)).transactionHash;
  } catch (error) {
    if (patience.aborted)
      throw new ServiceError(503, 'payment_pending', 'No block has taken the payment yet: send the same payment again.', {
        retryAfter: 5,
      });
    if (!(error instanceof RefusedTransaction)) throw error;
    if (await isCredited()) return creditedBy(context, payer, nonce); // somebody was faster
    // Nobody has seen it who was not meant to: it may be signed for another request.
    if (!(await outbox.find(purpose))) await context.db.delete(payments).where(isOf(payer, nonce));
    throw refuse('payment_refused', sentenceFor(error), { reason: error.errorName ?? 'unknown' });
  }

  function pay() {
    const { r, s, v, yParity } = parseSignature(payment.signature);
    const given = { payer: payment.authorization.from, value, validAfter, validBefore, nonce };
    const args = [chain.operator, given, Number(v ?? BigInt(27 + yParity)), r, s] as const;
    return { ...prepayments, functionName: 'pay' as const, args };
  }
}

/** The transaction that credited a payment, whoever sent it. */
async function creditedBy({ chain, config }: Context, payer: Address, nonce: Hex): Promise<Hex> {
  const events = await chain.client.getContractEvents({
    ...chain.contracts.prepayments,
    eventName: 'Prepaid',
    args: { payer, operator: chain.operator },
    fromBlock: BigInt(config.deployment.startBlock),
    strict: true,
  });
  const found = events.find(({ args }) => args.nonce === nonce);
  if (!found) throw new Error('A credited payment has no event.');
  return found.transactionHash;
}

function sentenceFor({ errorName = '' }: RefusedTransaction): string {
  if (errorName.startsWith('Prepayments_NotPaid')) return 'This payment was cancelled by its payer: sign a new one.';
  if (errorName.startsWith('Prepayments_PaidElsewhere'))
    return 'The nonce of this payment was used for another one: sign a new one.';
  if (errorName.startsWith('ERC20InsufficientBalance'))
    return 'The payer has too little OPEN for this payment: add some and pay again.';
  if (errorName.startsWith('BoundedPause_Paused')) return 'Deposits are paused on this network: pay again later.';
  return `The chain refuses this payment (${errorName || 'without a reason'}): sign a new one.`;
}

/**
 * The channel that the payer's prepayments filled, under a voucher of the operator's own signer up to what was prepaid. That
 * may be more than the escrow holds by now, since the payer can withdraw or spend it otherwise: each call looks at what is there.
 */
async function openPrepaid(context: Context, payer: Address): Promise<Account> {
  const { chain } = context;
  const { client, contracts, operator, account } = chain;
  const signer = account.address;
  const channel = channelId({ payer, operator, signer });
  const state = await client.readContract({ ...contracts.escrow, functionName: 'channel', args: [channel] });
  const { cap, expiry } = state;
  if (cap === 0n || expiry <= now())
    throw refuse(
      'session_expired',
      'What was paid is in your escrow account with this operator, but its session is over: pay again, or withdraw it.',
      {
        channel,
      },
    );
  const voucher: Voucher = {
    payer,
    operator,
    signer,
    cumulativeCeiling: cap,
    maxSequence: 0xffff_ffff,
    app: zeroAddress,
    appMarkupBps: 0,
    expiry,
  };
  const signature = await signVoucher(account, voucher, chain.voucherDomain);
  const keyHash = apiKeyHash(prepaidKeyOf(context, channel));
  const session = await context.book.learn(await storeSession(context, channel, voucher, signature, keyHash, state));
  context.facts.forgetPayer(payer);
  return session;
}

/** Stands for a prepaid channel: nobody knows it who does not know the operator's key. */
function prepaidKeyOf({ config }: Pick<Context, 'config'>, channel: Hex): string {
  return `ol-${keccak256(concatHex([stringToHex('openledger prepaid channel'), config.operatorKey, channel])).slice(2)}`;
}
