// An operator settles a batch that overcharges; a watch proves it to the chain; the payer takes the money back in the app.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deploymentSchema } from '@openledger/sdk';
import { devPrivateKey } from '@openledger/sdk/dev';
import { expect, test } from '@playwright/test';
import { deploymentFile, environment, root, tools } from '../../script/dev/config.ts';
import { openLiar } from '../liar.ts';
import { personOn } from '../person.ts';

test.describe.configure({ mode: 'serial' });

const { liar, balance, settle } = openLiar(deploymentSchema.parse(JSON.parse(readFileSync(deploymentFile, 'utf8'))));
let settled: Awaited<ReturnType<typeof settle>>;

async function overcharge(): Promise<void> {
  settled = await settle(({ fee }) => ({ fee: fee * 3n }));
  expect(settled.paid).toBe(settled.fee * 3n);
}

test('an operator charges three times the price and settles it', overcharge);

test('a watch proves it to the chain, and the operator loses stake', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openledger-void-'));
  const args = ['watch', '--once', '--from', String(settled.from), '--no-refunds', '--state', join(folder, 'state.json')];
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
  await page.goto(`/receipts/${settled.channel}/1`);
  await expect(page.getByRole('heading', { name: 'Proven wrong' })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('A wrong price').first()).toBeVisible();
  await person.connect();
  await person.become('newcomer');
  await page.getByRole('button', { name: 'Refund the payers' }).click();
  await person.done('Refund the payers of batch 1');
  await expect(page.getByText('Its payers have their money back.')).toBeVisible({ timeout: 60_000 });
  expect(await balance()).toBe(settled.before);

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
  await page.goto(`/receipts/${settled.channel}/1`);
  await page.getByRole('button', { name: 'Look for a proof' }).click({ timeout: 90_000 });
  await expect(page.getByText('the bound prices make it')).toBeVisible({ timeout: 60_000 });
  await person.connect();
  await person.become('carol');
  await page.getByRole('button', { name: 'Send the proof' }).click();
  await person.done('Prove batch 1 wrong');
  await expect(page.getByRole('heading', { name: 'Proven wrong' })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Refund the payers' }).click();
  await person.done('Refund the payers of batch 1');
  expect(await balance()).toBe(settled.before);
});
