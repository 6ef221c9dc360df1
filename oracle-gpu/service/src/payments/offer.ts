import { hashJson, networkOf, voucherScheme } from '@openledger/sdk';
import { encodePaymentRequiredHeader } from '@x402/core/http';
import type { PaymentRequired, PaymentRequirements } from '@x402/core/types';
import type { Context } from '../context.ts';
import type { ServiceError } from '../errors.ts';
import type { Asked } from '../gateway/asked.ts';
import { quote } from '../gateway/quote.ts';
import { vaultOf } from './vault.ts';

export const paymentRequiredHeader = 'PAYMENT-REQUIRED';
export const paymentHeader = 'PAYMENT-SIGNATURE';
export const paymentResponseHeader = 'PAYMENT-RESPONSE';

/** How long a payment may be on its way, in seconds: an authorised transfer must reach a block in that time. */
const timeoutSeconds = 120;

/** What `exact` asks for a call that can cost `most`; what the call does not cost stays the payer's. */
export const exactPrice = ({ config }: Pick<Context, 'config'>, most: bigint): bigint =>
  most > config.payments.minimum ? most : config.payments.minimum;

/**
 * What a call can cost, as x402 version 2 offers it: by an authorised transfer of OPEN (`exact`), or from a channel.
 * @param error why an earlier payment was not enough, if there was one
 */
export async function offerPayment(context: Context, url: string, asked: Asked, error?: ServiceError): Promise<PaymentRequired> {
  const { chain } = context;
  const { voucher: state, required, available } = error?.detail ?? {};
  const code = error?.code;
  const [{ most }, vault] = await Promise.all([quote(context, asked), vaultOf(context)]);
  const common = {
    network: networkOf(chain.chainId),
    asset: chain.contracts.token.address,
    maxTimeoutSeconds: timeoutSeconds,
  };
  const exact: PaymentRequirements = {
    ...common,
    scheme: 'exact',
    amount: exactPrice(context, most).toString(),
    payTo: vault,
    // The domain that OPEN's authorisations are signed in (EIP-712); the payment is settled before the call.
    extra: { name: 'OpenLedger', version: '1', assetTransferMethod: 'eip3009', paymentFlow: 'upfront' },
  };
  const voucher: PaymentRequirements = {
    ...common,
    scheme: voucherScheme,
    amount: most.toString(),
    payTo: chain.contracts.escrow.address,
    extra: {
      operator: chain.operator,
      escrow: chain.contracts.escrow.address,
      request: hashJson(asked.body),
      ...(state ? { state } : {}),
      // What the payer's escrow lacks: all its channels with this operator use it.
      ...(code === 'insufficient_escrow' ? { escrowed: { required, available } } : {}),
    },
  };
  return {
    x402Version: 2,
    ...(error ? { error: error.message } : {}),
    resource: { url, description: `An answer of ${asked.model}, with a receipt`, mimeType: 'application/json' },
    accepts: [exact, voucher],
  };
}

export const offerHeader = (offer: PaymentRequired): string => encodePaymentRequiredHeader(offer);
