// The first half of the README's ten minutes, by a newcomer in a browser, on the real stack: faucet, own data, review,
// access, training through a refresh and the death of the engine, listing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { stateFolder } from '../../script/dev/config.ts';
import { devAccount } from '../../sdk/src/dev/accounts.ts';
import { brokenGarden, garden } from '../garden.ts';
import { personOn } from '../person.ts';

test.describe.configure({ mode: 'serial', timeout: 600_000 });

const file = (content: string) => ({ name: 'ormonde.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(content) });
const pidOf = (name: string) => Number(readFileSync(join(stateFolder, 'pids', `${name}.pid`), 'utf8').split(' ')[0]);
let datanet = '';

test('a provider opens a datanet and names its reviewer', async ({ page }) => {
  const person = personOn(page);
  await page.goto('/datanets');
  await person.connect();
  await person.become('provider');
  await page.getByRole('button', { name: 'Create a datanet' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Ormonde');
  await dialog.getByLabel('Domain').fill('Gardening');
  await dialog.getByLabel('Licence').fill('CC0-1.0');
  await dialog.getByLabel('Description').fill('What people know about the garden of Ormonde.');
  await dialog.getByRole('button', { name: 'Create a datanet' }).click();
  await page.waitForURL(/\/datanets\/\d+\?tab=settings/);
  datanet = /\/datanets\/(\d+)/.exec(page.url())?.[1] ?? '';
  await page.getByLabel('address', { exact: true }).fill(devAccount('reviewer').address);
  await person.send('Name reviewer', 'Name reviewer');
});

test('a newcomer takes OPEN from the faucet, is shown a broken line, and contributes', async ({ page }) => {
  const person = personOn(page);
  await page.goto(`/datanets/${datanet}?tab=contribute`);
  await person.connect();
  await person.become('newcomer');
  await person.faucet();
  await page.locator('input[type=file]').setInputFiles(file(brokenGarden));
  await expect(page.getByText('Line 2', { exact: true })).toBeVisible();
  await expect(page.getByText('Nothing was uploaded', { exact: false })).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: /Download an example/ }).click();
  expect(readFileSync(await (await download).path(), 'utf8')).toBe(garden);
  await page.locator('input[type=file]').setInputFiles(file(garden));
  await expect(page.getByText('14 records, all valid')).toBeVisible();
  await page.getByRole('button', { name: /^Contribute · / }).click();
  await expect(page.getByText(/Contribution \d+ is in/)).toBeVisible({ timeout: 90_000 });
});

test('the reviewer accepts it and the provider publishes a version', async ({ page }) => {
  const person = personOn(page);
  await page.goto(`/datanets/${datanet}?tab=review`);
  await person.connect();
  await person.become('reviewer');
  await expect(page.getByText('When is the gate of the Ormonde garden opened?').first()).toBeVisible();
  await page.getByLabel('Note').fill('Checked on site.');
  await person.send('Accept', /Accept contribution/);
  await person.become('provider');
  await page.goto(`/datanets/${datanet}`);
  await person.send(/^Publish version/, /version/i);
  await expect(page.getByText('v1', { exact: true })).toBeVisible();
});

test('a proposer gets access, trains in the studio, and lists the model', async ({ page }) => {
  const person = personOn(page);
  await page.goto(`/datanets/${datanet}?tab=access`);
  await person.connect();
  await person.become('proposer');
  await page.getByLabel('What you will do with it').fill('A guide for visitors.');
  await person.send('Request access', /Request access to Ormonde/);
  await person.become('provider');
  await person.send('Approve', /Approve request/);
  await person.become('proposer');

  await page.goto('/studio');
  await page.getByLabel('Ormonde').check();
  await page.getByText('Thorough', { exact: true }).click();
  await page.getByLabel('Name of the model').fill('Ormonde Guide');
  const open = page.getByRole('button', { name: 'Open training job' });
  await expect(open).toBeEnabled({ timeout: 120_000 });
  await open.click();
  await page.waitForURL(/\/studio\?job=\d+/, { timeout: 120_000 });
  await page.getByRole('button', { name: 'Accept and start' }).click({ timeout: 90_000 });
  await expect(page.getByText(/Step [1-9]\d* of \d+/).first()).toBeVisible({ timeout: 180_000 });
  await page.reload(); // a refresh in the middle of training loses nothing
  await expect(page.getByText(/Step [1-9]\d* of \d+/).first()).toBeVisible({ timeout: 60_000 });
  process.kill(pidOf('engine'), 'SIGKILL'); // nor does an engine that dies: it goes on after the last step that was kept
  await expect(page.getByText('Going on after an interruption').first()).toBeVisible({ timeout: 180_000 });
  await expect(page.getByText('Your model is trained')).toBeVisible({ timeout: 400_000 });
  await page.getByRole('link', { name: 'Open its page' }).click();
  await page.waitForURL(/\/models\/\d+/);
  await person.send('List on the market', /on the market/);
});
