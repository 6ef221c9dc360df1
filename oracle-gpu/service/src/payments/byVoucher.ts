import { channelId, hashJson, hashPaidCall, networkOf, recoverPaidCallSigner, type voucherPaymentSchema } from '@openledger/sdk';
import { type Hex, isAddressEqual, keccak256, stringToHex, zeroHash } from 'viem';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Asked } from '../gateway/asked.ts';
import { signedState } from '../gateway/reserve.ts';
import { openSession } from '../sessions/openSession.ts';
import type { Paid } from './exact.ts';

/** A channel that is paid from call by call has no API key: this is the hash of none. */
export const noKeyFor = (channel: Hex): Hex => keccak256(stringToHex(`no key: ${channel}`));

/** Takes a voucher with the payer's word for this very request, and opens its channel or raises its ceiling. */
export async function payByVoucher(
  context: Context,
  asked: Asked,
  { voucher, signature, nonce, callSignature }: z.output<typeof voucherPaymentSchema>,
): Promise<Paid> {
  const { chain } = context;
  const channel = channelId(voucher);
  const call = { channel, request: hashJson(asked.body), nonce };
  const signer = await recoverPaidCallSigner(call, callSignature, chain.voucherDomain).catch(() => undefined);
  if (!signer || !isAddressEqual(signer, voucher.signer))
    throw new ServiceError(
      401,
      'invalid_signature',
      "The payment is not signed for this request by the voucher's signer: sign the request hash of the gateway's 402 answer.",
      { request: call.request },
    );
  const { payer } = await openSession(context, { voucher, signature, keyHash: noKeyFor(channel) });
  // The one in the book, which moves on as calls are charged.
  const session = (await context.book.payer(payer)).get(channel);
  if (!session) throw new Error('A session that was opened is not in the book.');
  const settled = () => ({
    success: true,
    payer: session.payer,
    transaction: zeroHash, // none: the operator collects when it settles its next batch
    network: networkOf(chain.chainId),
    amount: '0',
    extra: { channel, state: signedState(session) },
  });
  return { session, idempotencyKey: `x402:${hashPaidCall(call, chain.voucherDomain)}`, settled };
}
