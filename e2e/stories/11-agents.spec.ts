// An agent from an empty form to its end, in a browser, on the real stack: composed, published, staked, opened, called and paid
// with its steps beside the answer, changed, and retired. It asks whichever model is listed first.
import { expect, test } from '@playwright/test';
import { personOn } from '../person.ts';

test.describe.configure({ mode: 'serial', timeout: 300_000 });

const name = 'Ormonde Clerk';
let path = '';

test('a creator composes an agent, whose draft survives a reload, and publishes it', async ({ page }) => {
  const person = personOn(page);
  await page.goto('/agents/new');
  await person.connect();
  await person.become('bob');
  await page.getByRole('button', { name: 'Look at the manifest' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Still missing' })).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Goal').fill('Answers in one line.');
  await page.getByLabel('Instructions').fill('Answer in one line.');
  await page.getByRole('group', { name: 'Models' }).getByRole('checkbox').first().check();
  await page.getByPlaceholder('What is it for?').fill('Writes the answer.');
  await page.getByText('Fixed steps', { exact: true }).click();
  await page.getByRole('button', { name: 'Add a step' }).click();
  await page.getByLabel('What to say to it').fill('{question}');
  await page.reload();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(name);
  await page.getByRole('button', { name: 'Look at the manifest' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Publish the agent' }).click();
  await page.waitForURL(/\/agents\/\d+$/, { timeout: 120_000 });
  path = new URL(page.url()).pathname;
  await expect(page.getByText('It takes 1 fixed step.')).toBeVisible({ timeout: 60_000 });
});

test('without enough stake it stays closed, with it everybody can call it', async ({ page }) => {
  const person = personOn(page);
  await page.goto(path);
  await person.connect();
  await person.become('bob');
  await page.getByRole('button', { name: 'Open to calls' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'too little stake' }).first()).toBeVisible();
  await page.getByLabel('Add stake (OPEN)').fill('150');
  await page.getByRole('button', { name: 'Add stake' }).click();
  await expect(page.getByText(/OPEN are missing before/)).toBeHidden({ timeout: 90_000 });
  // What was refused before stays on the screen under the same title, so the page itself tells that it went through.
  await page.getByRole('button', { name: 'Open to calls' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible({ timeout: 60_000 });
  await page.getByLabel('New price per step (OPEN)').fill('0.005');
  await person.send('Change the price', `Change the price of ${name}`);
  await expect(page.getByText('0.005').first()).toBeVisible();
});

test('a caller pays for a run and sees its steps', async ({ page }) => {
  const person = personOn(page);
  await page.goto(path);
  await person.connect();
  await person.become('caller');
  await page.getByRole('button', { name: /Deposit and open|already deposited/ }).click({ timeout: 120_000 });
  await page.getByPlaceholder(new RegExp(name)).fill('What stands in the garden?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('list', { name: 'What the agent did' }).getByRole('listitem')).toHaveCount(1, { timeout: 120_000 });
  await expect(page.getByText('The agent’s steps:')).toBeVisible({ timeout: 120_000 });
  await expect(page.getByText('Inside:')).toBeVisible();
  await page.getByRole('article').getByRole('link', { name: 'Receipt' }).click();
  await expect(page).toHaveURL(/\/receipts\/0x/);
});

test('its owner publishes a version, takes stake out, and retires it', async ({ page }) => {
  const person = personOn(page);
  await page.goto(path);
  await person.connect();
  await person.become('bob');
  await page.getByRole('link', { name: 'New version' }).click();
  await expect(page.getByLabel('Goal')).toHaveValue('Answers in one line.');
  await page.getByLabel('Goal').fill('Answers in a few words.');
  await page.getByRole('button', { name: 'Look at the manifest' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Publish the version' }).click();
  await page.waitForURL(new RegExp(`${path}$`), { timeout: 120_000 });
  await expect(page.getByText('Answers in a few words.')).toBeVisible({ timeout: 60_000 });
  await page.getByLabel('Take out (OPEN)').fill('20');
  await person.send('Take stake out', `Take stake of ${name} out`);
  await expect(page.getByText(/You can fetch it in/)).toBeVisible();
  await page.getByRole('button', { name: 'Retire for ever' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retire for ever' }).click();
  await person.done(`Retire ${name}`);
  await expect(page.getByText('Retired').first()).toBeVisible();
  await page.goto('/agents?state=retired');
  await expect(page.getByRole('link', { name })).toBeVisible();
});
