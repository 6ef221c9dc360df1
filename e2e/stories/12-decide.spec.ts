// A holder's part: delegate, read what a proposal would do, vote with a reason, and see what it changed.
import { expect, test } from '@playwright/test';
import { personOn } from '../person.ts';

test.describe.configure({ mode: 'serial', timeout: 600_000 });

test('a parameter is changed by those who hold and those who contribute, without gas to vote and without calldata', async ({
  page,
}) => {
  const person = personOn(page);
  await page.goto('/governance');
  await person.connect();
  await person.become('holder');
  await page.getByRole('button', { name: 'To myself, no gas' }).click();
  await person.done('Delegate votes');
  await expect(page.getByText('Counts in votes that begin after this:')).toBeVisible();

  await page.getByRole('button', { name: 'New proposal' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Kind').selectOption({ label: 'Parameters' });
  await dialog.getByLabel('Title').fill('Look at some receipts');
  await dialog.getByLabel('Why').fill('Nobody has looked at any yet.');
  const rate = dialog.getByLabel('Receipts the jury looks at');
  await rate.fill('30');
  await expect(dialog.getByText('The chain allows 0 % – 10 %.')).toBeVisible();
  await rate.fill('0.01');
  await expect(dialog.getByText('Has the jury look at 0.01 % of all receipts.')).toBeVisible();
  await dialog.getByRole('button', { name: 'New proposal' }).click();
  await person.done('Propose: Look at some receipts');

  await page
    .getByRole('link', { name: /Look at some receipts/ })
    .first()
    .click({ timeout: 60_000 });
  await expect(page.getByRole('row', { name: /Receipts the jury looks at/ })).toContainText('0.01 %');
  const url = page.url();
  await vote('No gas, and I can read it.');
  await person.become('alice');
  await vote('Somebody should look.');
  await expect(page.getByRole('button', { name: 'Queue' })).toBeVisible({ timeout: 150_000 });
  await person.send('Queue', 'Queue the proposal');
  await expect(page.getByRole('button', { name: 'Execute' })).toBeVisible({ timeout: 60_000 });
  await person.send('Execute', 'Execute the proposal');
  await expect(page.getByText('Executed').first()).toBeVisible({ timeout: 60_000 });

  await page.goto('/governance?kind=parameters&state=executed');
  await expect(page.getByRole('link', { name: /Look at some receipts/ })).toHaveAttribute('href', new URL(url).pathname);

  /** Signs and has the operator send it; waits for the vote to begin and for its own to be shown. */
  async function vote(why: string): Promise<void> {
    const reason = page.getByLabel('Reason');
    await expect(reason).toBeVisible({ timeout: 60_000 });
    await reason.fill(why);
    await page.getByRole('button', { name: 'Sign instead, no gas' }).click();
    await person.done(/Vote on Look at some receipts/);
    await expect(page.getByText('You voted For')).toBeVisible({ timeout: 60_000 });
  }
});
