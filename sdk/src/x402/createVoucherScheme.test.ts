import { x402Client } from '@x402/core/client';
import type { PaymentPayload, PaymentRequired, SettleResponse } from '@x402/core/types';
import {
  createPublicClient,
  createWalletClient,
  custom,
  decodeFunctionData,
  defineChain,
  encodeFunctionResult,
  type Hex,
  keccak256,
  zeroAddress,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { paymentEscrowAbi } from '../generated/abis.ts';
import { channelId } from '../settlement/channelId.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { recoverVoucherSigner, signVoucher, type Voucher } from '../settlement/voucher.ts';
import { createVoucherScheme } from './createVoucherScheme.ts';
import { networkOf, recoverPaidCallSigner, voucherPaymentSchema, voucherScheme } from './voucherPayment.ts';

const address = (digit: string): Hex => `0x${digit.repeat(40)}`;
const deployment = {
  chainId: 31_337,
  startBlock: 0,
  deployedAt: 0,
  clocks: {},
  contracts: { OpenToken: address('1'), PaymentEscrow: address('2') },
};
const operator = address('4');
const request = keccak256('0x01');
const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
const domain = openLedgerDomain(31_337, address('2'));
const chain = defineChain({
  id: 31_337,
  name: 'None',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [] } },
});

/** What was sent to the chain. */
let sent = 0;

/** An escrow that holds so much for the payer, of which so much was collected; nothing else works there. */
function makeClient(spendingLimit: bigint, { balance = 10n ** 20n, thawing = 0n, collected = 0n } = {}): x402Client {
  const transport = custom({
    request: async ({ method, params }: { method: string; params?: [{ data: Hex }] }) => {
      sent += method === 'eth_call' ? 0 : 1;
      if (method !== 'eth_call' || !params) throw new Error(`no ${method} here`);
      const { functionName } = decodeFunctionData({ abi: paymentEscrowAbi, data: params[0].data });
      const result =
        functionName === 'account' ? { balance, thawing, thawedAt: 0n } : { collected, cap: 0n, sequence: 0, expiry: 0 };
      return encodeFunctionResult({ abi: paymentEscrowAbi, functionName, result } as Parameters<typeof encodeFunctionResult>[0]);
    },
  });
  const scheme = createVoucherScheme({
    deployment,
    chain: createPublicClient({ chain, transport }),
    wallet: createWalletClient({ account, chain, transport }),
    spendingLimit,
  });
  return x402Client.fromConfig({ schemes: [{ network: networkOf(31_337), client: scheme }], spendControls: false });
}

const required = (amount: bigint, extra: Record<string, unknown> = {}, asset = address('1')): PaymentRequired => ({
  x402Version: 2,
  resource: { url: 'http://gateway/v1/chat/completions' },
  accepts: [
    {
      scheme: voucherScheme,
      network: networkOf(31_337),
      asset,
      amount: String(amount),
      payTo: operator,
      maxTimeoutSeconds: 300,
      extra: { escrow: address('2'), operator, request, ...extra },
    },
  ],
});

const read = (payment: PaymentPayload) => z.decode(voucherPaymentSchema, payment.payload as z.input<typeof voucherPaymentSchema>);

/** The state that an operator would report, with a voucher that `signer` signed. */
async function stateWith(ceiling: bigint, spent: bigint, signer = account): Promise<Record<string, unknown>> {
  const voucher: Voucher = {
    payer: account.address,
    operator,
    signer: account.address,
    cumulativeCeiling: ceiling,
    maxSequence: 9,
    app: zeroAddress,
    appMarkupBps: 0,
    expiry: 4_000_000_000,
  };
  const { operator: _operator, cumulativeCeiling, ...rest } = voucher;
  const signature = await signVoucher(signer, voucher, domain);
  return { ...rest, cumulativeCeiling: String(cumulativeCeiling), signature, spent: String(spent), reserved: '0', sequence: 1 };
}

async function answered(client: x402Client, payment: PaymentPayload, state: Record<string, unknown>): Promise<void> {
  const settleResponse: SettleResponse = { success: true, transaction: '', network: networkOf(31_337), extra: { state } };
  await client.handlePaymentResponse({ paymentPayload: payment, requirements: payment.accepted, settleResponse });
}

const refused = (client: x402Client, payment: PaymentPayload, paymentRequired: PaymentRequired) =>
  client.handlePaymentResponse({ paymentPayload: payment, requirements: payment.accepted, paymentRequired });

test('a payment is a voucher of the payer for what the call can cost, with its word for this request', async () => {
  const client = makeClient(1_000n);
  const payment = read(await client.createPaymentPayload(required(100n)));
  expect(payment.voucher).toMatchObject({ payer: account.address, signer: account.address, operator, cumulativeCeiling: 100n });
  expect(await recoverVoucherSigner(payment.voucher, payment.signature, domain)).toBe(account.address);
  const call = { channel: channelId(payment.voucher), request, nonce: payment.nonce };
  expect(await recoverPaidCallSigner(call, payment.callSignature, domain)).toBe(account.address);
  expect(read(await client.createPaymentPayload(required(100n))).nonce).not.toBe(payment.nonce);
});

test('calls on their way count, answers set the count right', async () => {
  const client = makeClient(1_000n);
  const [first, second] = await Promise.all([
    client.createPaymentPayload(required(100n)),
    client.createPaymentPayload(required(100n)),
  ]);
  expect([read(first).voucher.cumulativeCeiling, read(second).voucher.cumulativeCeiling]).toEqual([100n, 200n]);
  await answered(client, first, await stateWith(200n, 30n));
  await answered(client, second, await stateWith(200n, 70n));
  expect(read(await client.createPaymentPayload(required(100n))).voucher.cumulativeCeiling).toBe(200n);
  expect(read(await client.createPaymentPayload(required(100n))).voucher.cumulativeCeiling).toBe(270n);
});

test('what was collected before counts for the ceiling and not for the limit', async () => {
  const client = makeClient(100n, { collected: 5_000n });
  expect(read(await client.createPaymentPayload(required(100n))).voucher.cumulativeCeiling).toBe(5_100n);
});

test('beyond the limit nothing is signed, and the sentence says what is left', async () => {
  const client = makeClient(150n);
  await client.createPaymentPayload(required(100n));
  await expect(client.createPaymentPayload(required(100n))).rejects.toMatchObject({
    code: 'spending_limit',
    detail: { limit: '150', left: '50' },
  });
});

test('a count of the operator is taken up when the payer’s own signature covers it', async () => {
  const client = makeClient(100n);
  const payment = await client.createPaymentPayload(required(60n));
  const state = await stateWith(400n, 390n);
  expect(await refused(client, payment, required(60n, { state }))).toEqual({ recovered: true });
  expect(read(await client.createPaymentPayload(required(60n))).voucher.cumulativeCeiling).toBe(450n);
});

test('a count that nobody signed, or beyond what was signed, is not believed', async () => {
  const client = makeClient(1_000n);
  const payment = await client.createPaymentPayload(required(60n));
  const stranger = privateKeyToAccount(`0x${'22'.repeat(32)}`);
  for (const state of [await stateWith(400n, 390n, stranger), await stateWith(400n, 401n)]) {
    expect(await refused(client, payment, required(60n, { state }))).toBeUndefined();
    await answered(client, payment, state);
  }
  expect(read(await client.createPaymentPayload(required(60n))).voucher.cumulativeCeiling).toBe(60n);
});

test('an offer by other contracts is refused before anything is asked of them or sent to them', async () => {
  const client = makeClient(1_000n);
  sent = 0;
  await expect(client.createPaymentPayload(required(1n, {}, address('9')))).rejects.toMatchObject({ code: 'wrong_deployment' });
  await expect(client.createPaymentPayload(required(1n, { escrow: address('9') }))).rejects.toMatchObject({
    code: 'wrong_deployment',
  });
  expect(sent).toBe(0);
});

test('nothing is deposited beyond the limit, whatever the escrow lacks', async () => {
  const client = makeClient(1_000n, { balance: 0n, thawing: 10n ** 20n });
  sent = 0;
  await expect(client.createPaymentPayload(required(1n))).rejects.toMatchObject({ code: 'spending_limit' });
  const other = makeClient(1_000n);
  const payment = await other.createPaymentPayload(required(1n));
  const escrowed = { required: String(10n ** 20n), available: '0' };
  expect(await refused(other, payment, required(1n, { escrowed }))).toEqual({ recovered: true });
  await expect(other.createPaymentPayload(required(1n))).rejects.toMatchObject({ code: 'spending_limit' });
  expect(sent).toBe(0);
});
