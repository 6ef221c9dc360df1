// Clients that pay as x402 has it, made of the official packages as they are.
import { createVoucherScheme, networkOf, type ReceiptBundle, receiptBundleSchema } from '@openledger/sdk';
import { type SpendControls, x402Client } from '@x402/core/client';
import { decodePaymentRequiredHeader, decodePaymentResponseHeader, encodePaymentSignatureHeader } from '@x402/core/http';
import type { PaymentPayload, PaymentRequired, SettleResponse } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { wrapFetchWithPayment } from '@x402/fetch';
import { type Address, createPublicClient, createWalletClient, type Hex, http, parseSignature, toHex } from 'viem';
import { inject, vi } from 'vitest';
import { z } from 'zod';
import type { Actor } from './actors.ts';
import type { World } from './world.ts';

export type Paying = (input: string, init?: RequestInit) => Promise<Response>;
export type Answer = {
  status: number;
  text: string;
  error: Record<string, unknown>;
  required: PaymentRequired | undefined;
  settled: SettleResponse | undefined;
  bundle: ReceiptBundle;
};

const bodySchema = z.looseObject({ error: z.looseObject({}).optional(), receipt: receiptBundleSchema.optional() });

/** Sends a question, with whatever pays for it. */
export async function post(pay: Paying, world: World, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await pay(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  const parsed = isJson ? bodySchema.parse(JSON.parse(text)) : {};
  const [required, settled] = [response.headers.get('payment-required'), response.headers.get('payment-response')];
  return {
    status: response.status,
    text,
    error: parsed.error ?? {},
    required: required ? decodePaymentRequiredHeader(required) : undefined,
    settled: settled ? decodePaymentResponseHeader(settled) : undefined,
    get bundle() {
      if (!parsed.receipt) throw new Error(`no receipt in: ${text}`);
      return parsed.receipt;
    },
  };
}

/** OPEN is no asset that the official client knows: its owner allows it, up to so much a payment. */
function spendControls({ deployment, contracts }: World, most: bigint): SpendControls {
  const network = networkOf(deployment.chainId);
  return { allowedAssets: [{ network, asset: contracts.token.address, maxAmountPerPayment: String(most) }] };
}

export function exactClient(world: World, payer: Actor, most = 10n ** 18n): x402Client {
  return x402Client.fromConfig({
    schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(payer.account) }],
    spendControls: spendControls(world, most),
  });
}

export function voucherClient(
  world: World,
  payer: Actor,
  options: { spendingLimit?: bigint; deposit?: bigint } = {},
): x402Client {
  const { deployment } = world;
  const { chain } = world.client;
  const transport = http(inject('chainUrl'));
  const scheme = createVoucherScheme({
    deployment,
    chain: createPublicClient({ chain, transport, pollingInterval: 50, cacheTime: 0 }),
    wallet: createWalletClient({ account: payer.account, chain, transport }),
    spendingLimit: options.spendingLimit ?? 10n ** 18n,
    ...(options.deposit === undefined ? {} : { depositAtOnce: options.deposit }),
  });
  return x402Client.fromConfig({
    schemes: [{ network: networkOf(deployment.chainId), client: scheme }],
    spendControls: spendControls(world, 10n ** 18n),
  });
}

export const paying = (client: x402Client, through: typeof fetch = fetch): Paying =>
  wrapFetchWithPayment(through, client) as Paying;

/** The header of a payment that a client made, so that a test can send it as it likes. */
export const header = (payment: PaymentPayload): Record<string, string> => ({
  'payment-signature': encodePaymentSignatureHeader(payment),
});

const field = (name: string, type: string) => ({ name, type });
const authorizationTypes = {
  TransferWithAuthorization: [
    field('from', 'address'),
    field('to', 'address'),
    field('value', 'uint256'),
    field('validAfter', 'uint256'),
    field('validBefore', 'uint256'),
    field('nonce', 'bytes32'),
  ],
  CancelAuthorization: [field('authorizer', 'address'), field('nonce', 'bytes32')],
};
const domainOf = ({ deployment, contracts }: World) => ({
  name: 'OpenLedger',
  version: '1',
  chainId: deployment.chainId,
  verifyingContract: contracts.token.address,
});

const givenSchema = z.object({
  authorization: z.object({
    from: z.string(),
    to: z.string(),
    value: z.string(),
    validAfter: z.string(),
    validBefore: z.string(),
    nonce: z.string(),
  }),
  signature: z.string(),
});

/** The authorisation in a payment of the scheme `exact`. */
export const authorizationOf = (payment: PaymentPayload) => givenSchema.parse(payment.payload);

/** The payment with other terms, signed by the payer; with a nonce of its own unless one is given. */
export async function changeTerms(
  world: World,
  payer: Actor,
  payment: PaymentPayload,
  changes: { to?: Address; value?: bigint; validBefore?: bigint; nonce?: Hex },
): Promise<PaymentPayload> {
  const { authorization: before } = authorizationOf(payment);
  const message = {
    from: payer.address,
    to: changes.to ?? (before.to as Address),
    value: changes.value ?? BigInt(before.value),
    validAfter: 0n,
    validBefore: changes.validBefore ?? BigInt(before.validBefore),
    nonce: changes.nonce ?? toHex(crypto.getRandomValues(new Uint8Array(32))),
  };
  const signature = await payer.account.signTypedData({
    domain: domainOf(world),
    types: authorizationTypes,
    primaryType: 'TransferWithAuthorization',
    message,
  });
  const { value, validAfter, validBefore } = message;
  const numbers = { value: String(value), validAfter: String(validAfter), validBefore: String(validBefore) };
  return { ...payment, payload: { authorization: { ...message, ...numbers }, signature } };
}

/** Sends a payment's authorisation straight to the token, as anyone can. */
export async function sendToToken(world: World, by: Actor, payment: PaymentPayload): Promise<void> {
  const { authorization: a, signature } = authorizationOf(payment);
  const { r, s, yParity } = parseSignature(signature as Hex);
  await world.transact(by, world.contracts.token, 'transferWithAuthorization', [
    a.from as Address,
    a.to as Address,
    BigInt(a.value),
    BigInt(a.validAfter),
    BigInt(a.validBefore),
    a.nonce as Hex,
    27 + yParity,
    r,
    s,
  ]);
}

export async function cancel(world: World, payer: Actor, payment: PaymentPayload): Promise<void> {
  const nonce = authorizationOf(payment).authorization.nonce as Hex;
  const signature = await payer.account.signTypedData({
    domain: domainOf(world),
    types: authorizationTypes,
    primaryType: 'CancelAuthorization',
    message: { authorizer: payer.address, nonce },
  });
  const { r, s, yParity } = parseSignature(signature);
  await world.transact(payer, world.contracts.token, 'cancelAuthorization', [payer.address, nonce, 27 + yParity, r, s]);
}

/** Sets this process's date to the chain's, whose clock tests move: payments are valid for minutes. */
export async function followClock(world: World): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: (await world.now()) * 1000 });
}
