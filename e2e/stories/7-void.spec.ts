// An operator settles a batch that overcharges; a watch proves it to the chain; the payer takes the money back in the app.
// The liar is an operator of its own, without a service, so that the demonstration's operators keep their good name.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { channelId, createGateway, createSession, deploymentSchema, nextRefund, type ReceiptBundle } from '@openledger/sdk';
import { type DevName, devAccount, devPrivateKey } from '@openledger/sdk/dev';
import { expect, test } from '@playwright/test';
import { privateKeyToAccount } from 'viem/accounts';
import { type Actor, openActors } from '../../oracle-gpu/service/test/support/actors.ts';
import { settleBatch } from '../../oracle-gpu/service/test/support/falseBatch.ts';
import { deploymentFile, environment, root, tools, urls } from '../../script/dev/config.ts';
import { personOn } from '../person.ts';

test.describe.configure({ mode: 'serial' });

const deployment = deploymentSchema.parse(JSON.parse(readFileSync(deploymentFile, 'utf8')));
const actors = openActors(urls.chain, deployment);
const { client, contracts, transact } = actors;
const actor = (name: DevName): Actor => {
  const key = devPrivateKey(name);
  return { key, account: privateKeyToAccount(key), address: devAccount(name).address };
};
const [liar, payer] = [actor('mallory'), actor('newcomer')];
const deposit = 10n ** 18n;
let channel: string;
let from: bigint;
let full: bigint;

/** A receipt of the demonstration, as anybody can read it. */
async function realReceipt(): Promise<ReceiptBundle> {
  const gateway = createGateway(urls.gateway);
  const listed = (await (await fetch(`${urls.gateway}/v1/receipts?model=1`)).json()) as ReceiptBundle[];
  const [first] = listed;
  if (!first) throw new Error('The demonstration has left no receipt.');
  return gateway.receipt(first.receiptHash);
}

const balance = async (): Promise<bigint> => {
  const args = [payer.address, liar.address] as const;
  return (await client.readContract({ ...contracts.escrow, functionName: 'account', args })).balance;
};

/** What an earlier run left: the chain takes no batch before its refunds. */
async function finishRefunds(): Promise<void> {
  for (;;) {
    const due = await nextRefund({ client, contracts }, liar.address, BigInt(deployment.startBlock));
    if (!due) return;
    await transact(payer, contracts.settlement, 'refund', due.args);
  }
}

/** An operator charges three times the price and settles it. */
async function overcharge(): Promise<void> {
  const { signer } = await client.readContract({ ...contracts.operators, functionName: 'operator', args: [liar.address] });
  if (/^0x0+$/.test(signer)) {
    const stake = (await client.readContract({ ...contracts.operators, functionName: 'minimumStake' })) * 2n;
    await transact(liar, contracts.token, 'approve', [contracts.operators.address, stake]);
    await transact(liar, contracts.operators, 'register', [liar.address, 'http://nowhere.example', '', stake]);
  }
  await finishRefunds();
  const expiry = (await actors.now()) + 86_400;
  const session = await createSession({
    deployment,
    payer: payer.address,
    operator: liar.address,
    ceiling: deposit,
    deposit,
    expiry,
  });
  await transact(payer, contracts.faucet, 'drip', [payer.address]).catch(() => undefined); // it may have had its share
  await transact(payer, contracts.token, 'approve', [contracts.escrow.address, deposit]);
  await transact(payer, contracts.escrow, 'deposit', [payer.address, liar.address, deposit]);
  await transact(payer, contracts.escrow, 'authorizeSession', [liar.address, session.voucher.signer, deposit, expiry]);
  channel = channelId(session.voucher);

  const real = await realReceipt();
  const receipt = { ...real.receipt, channel: channel as `0x${string}`, sequence: 1 };
  const { payer: who, operator, signer: key } = session.voucher;
  const bundle = { ...real, receipt, channel: { payer: who, operator, signer: key } };
  from = (await client.getBlockNumber()) + 1n;
  const before = await balance();
  full = before;
  const fee = real.receipt.fee * 3n;
  const world = { ...actors, ipfsUrl: urls.ipfs, operator: liar };
  await settleBatch(world, session, [bundle], undefined, { receipt: () => ({ fee }) });
  expect(before - (await balance())).toBe(fee);
}

test('an operator charges three times the price and settles it', overcharge);

test('a watch proves it to the chain, and the operator loses stake', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openledger-void-'));
  const args = ['watch', '--once', '--from', String(from), '--no-refunds', '--state', join(folder, 'state.json')];
  const watch = spawn(tools.node, [join(root, 'oracle-gpu/service/bin/openledger.mjs'), ...args], {
    env: { ...process.env, ...environment, OPENLEDGER_WATCH_KEY: devPrivateKey('carol') },
  });
  let said = '';
  for (const stream of [watch.stdout, watch.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(watch, 'exit');
  rmSync(folder, { recursive: true });
  expect(said).toContain(`Batch 1 of ${liar.address} is proven wrong (wrong price`);
  expect(code).toBe(1);
});

test('the payer sees why, and takes the money back', async ({ page }) => {
  const person = personOn(page);
  await page.goto(`/receipts/${channel}/1`);
  await expect(page.getByRole('heading', { name: 'Proven wrong' })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('A wrong price').first()).toBeVisible();
  await person.connect();
  await person.become('newcomer');
  await page.getByRole('button', { name: 'Refund the payers' }).click();
  await person.done('Refund the payers of batch 1');
  await expect(page.getByText('Its payers have their money back.')).toBeVisible({ timeout: 60_000 });
  expect(await balance()).toBe(full);

  await page.goto('/settings');
  await expect(page.getByRole('heading', { name: 'Refunds' })).toBeVisible();
  await page.goto(`/operators/${liar.address.toLowerCase()}`);
  await expect(page.getByRole('heading', { name: 'Proven against it' })).toBeVisible();
  await expect(page.getByText('A wrong price').first()).toBeVisible();
  await expect(page.getByText('Payers wait for their money')).toHaveCount(0);
});

test('anybody can prove it in the browser, without a watch', async ({ page }) => {
  await overcharge();
  const person = personOn(page);
  await page.goto(`/receipts/${channel}/1`);
  await page.getByRole('button', { name: 'Look for a proof' }).click({ timeout: 90_000 });
  await expect(page.getByText('the bound prices make it')).toBeVisible({ timeout: 60_000 });
  await person.connect();
  await person.become('carol');
  await page.getByRole('button', { name: 'Send the proof' }).click();
  await person.done('Prove batch 1 wrong');
  await expect(page.getByRole('heading', { name: 'Proven wrong' })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Refund the payers' }).click();
  await person.done('Refund the payers of batch 1');
  expect(await balance()).toBe(full);
});
