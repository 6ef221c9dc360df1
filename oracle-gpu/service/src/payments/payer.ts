import { encodePaymentResponseHeader } from '@x402/core/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Asked } from '../gateway/asked.ts';
import type { Slots } from '../gateway/slots.ts';
import type { Account } from '../sessions/book.ts';
import { requireSession } from '../sessions/findSession.ts';
import type { Paid } from './exact.ts';
import { offerHeader, offerPayment, paymentHeader, paymentRequiredHeader, paymentResponseHeader } from './offer.ts';
import { takePayment } from './takePayment.ts';

/** Whose channel a call is charged to, what names the call, and the payment that it came with, if it did. */
export type Payer = { session: Account; idempotencyKey: string | undefined; paid?: Paid };

/** The session behind a call's API key; undefined for a call without one. Throws 401 for a key without a session. */
export async function keyPayer(context: Context, { headers }: FastifyRequest): Promise<Payer | undefined> {
  if (headers.authorization === undefined) return undefined;
  const session = await requireSession(context, headers.authorization);
  return { session, idempotencyKey: text(headers['idempotency-key'])?.slice(0, 200) };
}

/**
 * Who pays for a call without a key: whoever sends a payment of x402 along. A call without that is answered 402, with what
 * it can cost and how it can be paid.
 */
export async function paidPayer(
  context: Context,
  slots: Slots,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: Asked,
): Promise<Payer> {
  // Prices and checks cost work that nobody has paid for yet.
  const giveBack = slots.take(`address ${request.ip}`);
  try {
    const header = text(request.headers[paymentHeader.toLowerCase()]);
    if (header === undefined)
      throw new ServiceError(
        402,
        'payment_required',
        'This call is to be paid: send an API key as a Bearer token, or a payment of x402 as the PAYMENT-REQUIRED header offers it.',
      );
    const paid = await takePayment(context, asked, header);
    return { session: paid.session, idempotencyKey: paid.idempotencyKey, paid };
  } catch (error) {
    if (isUnpaid(error)) await offer(context, request, reply, asked, error);
    throw error;
  } finally {
    giveBack();
  }
}

/** Says in the header of an answer what became of its payment, as it stands now. */
export function acknowledge(reply: FastifyReply, { paid }: Payer): void {
  if (paid) void reply.header(paymentResponseHeader, encodePaymentResponseHeader(paid.settled()));
}

/**
 * A call that failed after its payment was taken. Money that has moved stays the payer's, and the answer says so, whatever
 * went wrong; a voucher that was not enough is offered anew.
 */
export async function afterPayment(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: Asked,
  payer: Payer,
  error: unknown,
): Promise<unknown> {
  if (!payer.paid || !(error instanceof ServiceError)) return error;
  if (payer.paid.moved === undefined) {
    if (isUnpaid(error)) await offer(context, request, reply, asked, error);
    return error;
  }
  acknowledge(reply, payer);
  const kept =
    'The payment has arrived and what is not charged stays yours: send it again with the same request, or withdraw it from the escrow.';
  return new ServiceError(error.status, error.code, `${error.message} ${kept}`, { ...error.detail, payment: payer.paid.moved });
}

export const isUnpaid = (error: unknown): error is ServiceError => error instanceof ServiceError && error.status === 402;

/** Says in the header of a 402 answer what would pay this call. */
export async function offer(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: Asked,
  error: ServiceError,
): Promise<void> {
  const url = `${request.protocol}://${request.host}${request.url}`;
  void reply.header(paymentRequiredHeader, offerHeader(await offerPayment(context, url, asked, error)));
}

const text = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' && header.length > 0 ? header : undefined;
