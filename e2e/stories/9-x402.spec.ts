// Who has never heard of us pays for an answer with the official x402 packages, and then with our scheme in them.
import { readFileSync } from 'node:fs';
import { contractAddress, createVoucherScheme, deploymentSchema, receiptBundleSchema } from '@openledger/sdk';
import { expect, test } from '@playwright/test';
import { ExactEvmScheme } from '@x402/evm';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { createWalletClient, http } from 'viem';
import { deploymentFile, urls } from '../../script/dev/config.ts';
import { actor, openLiar } from '../liar.ts';

const deployment = deploymentSchema.parse(JSON.parse(readFileSync(deploymentFile, 'utf8')));
const { client, contracts, transact } = openLiar(deployment);
const network = `eip155:${deployment.chainId}` as const;
const payer = actor('newcomer');
const controls = { allowedAssets: [{ network, asset: contractAddress(deployment, 'OpenToken') }] };

test.beforeAll(async () => {
  await transact(payer, contracts.faucet, 'drip', [payer.address]).catch(() => undefined); // it may have had its share
});

async function ask(pay: typeof fetch, question: string) {
  const response = await pay(`${urls.gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'model/1', messages: [{ role: 'user', content: question }], max_tokens: 24 }),
  });
  const body = (await response.json()) as { receipt: unknown };
  expect(response.status, JSON.stringify(body)).toBe(200);
  const settled = decodePaymentResponseHeader(response.headers.get('payment-response') ?? '');
  return { bundle: receiptBundleSchema.parse(body.receipt), settled };
}

test('exact: one signature pays, the receipt names the payer', async () => {
  const payment = new x402Client().register(network, new ExactEvmScheme(payer.account)).setSpendControls(controls);
  const { bundle, settled } = await ask(wrapFetchWithPayment(fetch, payment), 'What does the function queue of IGovernor do?');
  expect(settled.success).toBe(true);
  expect(bundle.channel.payer).toBe(payer.address.toLowerCase());
  expect(bundle.receipt.fee).toBeLessThanOrEqual(BigInt(settled.amount ?? 0));
  const { status } = await client.getTransactionReceipt({ hash: settled.transaction as `0x${string}` });
  expect(status).toBe('success');
});

test('by voucher: the channel opens by itself, and the second call follows without a transaction', async () => {
  const wallet = createWalletClient({ account: payer.account, chain: client.chain, transport: http(urls.chain) });
  const scheme = createVoucherScheme({
    deployment,
    wallet,
    chain: client,
    spendingLimit: 10n ** 18n,
    depositAtOnce: 5n * 10n ** 17n,
  });
  const pay = wrapFetchWithPayment(fetch, new x402Client().register(network, scheme).setSpendControls(controls));
  const first = await ask(pay, 'What does the function queue of IGovernor do?');
  const transactions = await client.getTransactionCount({ address: payer.address });
  const second = await ask(pay, 'What does the function execute of IGovernor do?');
  expect(second.bundle.receipt.channel).toBe(first.bundle.receipt.channel);
  expect(second.bundle.receipt.sequence).toBe(first.bundle.receipt.sequence + 1);
  expect(await client.getTransactionCount({ address: payer.address })).toBe(transactions);
});
