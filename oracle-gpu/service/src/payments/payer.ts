import { encodePaymentResponseHeader } from '@x402/core/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { ChatRequest } from '../gateway/chatRequest.ts';
import type { Slots } from '../gateway/slots.ts';
import type { Account } from '../sessions/book.ts';
import { requireSession } from '../sessions/findSession.ts';
import { offerHeader, offerPayment, paymentHeader, paymentRequiredHeader, paymentResponseHeader } from './offer.ts';
import { takePayment } from './takePayment.ts';

/** Whose channel a call is charged to, and what names the call. */
export type Payer = { session: Account; idempotencyKey: string | undefined };

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
  body: ChatRequest,
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
    const { session, idempotencyKey, settled } = await takePayment(context, body, header);
    void reply.header(paymentResponseHeader, encodePaymentResponseHeader(settled));
    return { session, idempotencyKey };
  } catch (error) {
    if (isUnpaid(error)) await offer(context, request, reply, body, error);
    throw error;
  } finally {
    giveBack();
  }
}

export const isUnpaid = (error: unknown): error is ServiceError => error instanceof ServiceError && error.status === 402;

/** Says in the header of a 402 answer what would pay this call. */
export async function offer(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  body: ChatRequest,
  { message, detail }: ServiceError,
): Promise<void> {
  const url = `${request.protocol}://${request.host}${request.url}`;
  const offered = await offerPayment(context, url, body, message, detail.voucher);
  void reply.header(paymentRequiredHeader, offerHeader(offered)).removeHeader(paymentResponseHeader);
}

const text = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' && header.length > 0 ? header : undefined;
