import { networkOf, voucherPaymentSchema, voucherScheme } from '@openledger/sdk';
import { decodePaymentSignatureHeader } from '@x402/core/http';
import type { PaymentPayload } from '@x402/core/types';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Asked } from '../gateway/asked.ts';
import { payByVoucher } from './byVoucher.ts';
import { exactPaymentSchema, type Paid, payExactly } from './exact.ts';

/** Takes the payment in a `PAYMENT-SIGNATURE` header of x402 version 2. Throws ServiceError with what is wrong with it. */
export async function takePayment(context: Context, asked: Asked, header: string): Promise<Paid> {
  const { accepted, payload } = decode(header);
  const expected = networkOf(context.chain.chainId);
  if (accepted.network !== expected)
    throw new ServiceError(400, 'wrong_chain', `The payment is for ${accepted.network}: pay on ${expected}.`, {
      expected,
      got: accepted.network,
    });
  if (accepted.scheme === 'exact') return payExactly(context, asked, exactPaymentSchema.parse(payload));
  if (accepted.scheme === voucherScheme) return payByVoucher(context, asked, voucherPaymentSchema.parse(payload));
  throw new ServiceError(
    400,
    'unknown_scheme',
    `There is no payment scheme ${JSON.stringify(accepted.scheme)} here: pay by exact or ${voucherScheme}.`,
  );
}

function decode(header: string): PaymentPayload {
  const unreadable = () =>
    new ServiceError(400, 'invalid_payment', 'The payment header cannot be read: send one of x402 version 2.');
  let payment: PaymentPayload;
  try {
    payment = decodePaymentSignatureHeader(header);
  } catch {
    throw unreadable();
  }
  if (payment?.x402Version !== 2 || typeof payment.accepted?.scheme !== 'string' || typeof payment.payload !== 'object')
    throw unreadable();
  return payment;
}
