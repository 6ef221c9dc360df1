// From an idea to a training that its backers own a share of, by five people in a browser, on the real stack: proposed,
// funded, allowed by a contributor and the datanet's owner, started.
// The datanet "Ormonde" is the one of story 1, contributed to by the newcomer alone.
import { expect, test } from '@playwright/test';
import { personOn } from '../person.ts';

test.describe.configure({ mode: 'serial', timeout: 900_000 });

const name = 'Ormonde Proposal';
let path = '';

/** Five questions that every answer passes: the story is about the money, not about the model. */
const items = ['gate', 'roses', 'pond', 'bench', 'path'].map((word) => `Tell me about the ${word}. => e`).join('\n');

test('a proposer writes a draft that survives a reload, previews it and proposes', async ({ page }) => {
  const person = personOn(page);
  await page.goto('/proposals/new');
  await person.connect();
  await person.become('proposer');
  await page.getByLabel('Name of the model').fill(name);
  await page.getByLabel('In one or two sentences').fill('Guides visitors through the garden of Ormonde.');
  await page.getByLabel('Why, and for whom').fill('Visitors ask the same questions **every day**.');
  await page.reload();
  await expect(page.getByLabel('Name of the model')).toHaveValue(name);

  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Still missing' })).toBeVisible();

  await page.getByRole('checkbox', { name: /Ormonde/ }).check();
  await page.getByText('Quick', { exact: true }).click();
  await page.getByLabel('What is asked').fill('What stands in the garden.');
  await page.getByLabel('Secret questions').fill(items);
  await expect(page.getByText('5 questions read')).toBeVisible();
  await page.getByLabel('Passes from, in percent').fill('20');
  await expect(page.getByText('This operator would ask for')).toBeVisible({ timeout: 120_000 });
  await page.getByLabel('Budget in OPEN').fill('200');
  await page.getByRole('button', { name: 'Preview' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('every day')).toBeVisible();
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Save as file' }).click();
  await download; // the questions are kept by the proposer alone
  await dialog.getByRole('button', { name: 'Propose', exact: true }).click();
  await page.waitForURL(/\/proposals\/\d+$/, { timeout: 120_000 });
  path = new URL(page.url()).pathname;
  await expect(page.getByText('Visitors ask the same questions')).toBeVisible({ timeout: 60_000 });
});

test('the proposer may bring a fifth, others the rest', async ({ page }) => {
  const person = personOn(page);
  await page.goto(path);
  await person.connect();
  for (const [who, amount, more] of [
    ['proposer', '40', '41'],
    ['holder', '100', '101'],
    ['caller', '60', '61'],
  ] as const) {
    await person.become(who);
    await expect(page.getByText(/^You can back with up to/)).toBeVisible();
    await page.getByLabel('Amount in OPEN').fill(more);
    await page.getByRole('button', { name: 'Back it' }).click();
    await expect(page.getByText(/^At most .* OPEN are missing/)).toBeVisible();
    await page.getByLabel('Amount in OPEN').fill(amount);
    await page.getByRole('button', { name: 'Back it' }).click();
    await expect(
      page
        .getByText(`You back it with ${amount} OPEN`)
        .or(page.getByText('The budget is reached.', { exact: true }))
        .first(),
    ).toBeVisible({ timeout: 90_000 });
  }
  await expect(page.getByText('3 backers')).toBeVisible();
});

test('the contributor allows the use, the owner grants it, and the training starts', async ({ page }) => {
  const person = personOn(page);
  await page.goto(path);
  await person.connect();
  await person.become('newcomer');
  await person.send('Allow', /Vote on the use/);
  await expect(page.getByText('Contributors agree')).toBeVisible();
  await person.become('provider');
  await page.getByRole('link', { name: 'Ormonde', exact: true }).click();
  await page.waitForURL(/\/datanets\/\d+/);
  await page.goto(`${new URL(page.url()).pathname}?tab=access`);
  await person.send('Approve', /Approve request/);
  await page.goto(path);
  await expect(page.getByText('Owner has granted')).toBeVisible();
  await person.become('holder'); // anybody
  await person.send('Start the training', 'Start the training');
});
