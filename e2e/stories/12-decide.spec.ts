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

test('what is said about a proposal is signed, cannot act, and is flagged where its words are not its author’s', async ({
  page,
}) => {
  const person = personOn(page);
  await page.goto('/governance?kind=parameters&state=executed');
  await page
    .getByRole('link', { name: /Look at some receipts/ })
    .first()
    .click();
  await person.connect();
  await person.become('holder');
  const discussion = page.getByRole('region', { name: 'Discussion' });
  const hostile = `**Good.** <img src="x" onerror="document.title='hit'"> [a link](javascript:document.title='hit') <div style="position:fixed;inset:0">over</div>`;
  await discussion.getByLabel('Say something').fill(hostile);
  await discussion.getByRole('button', { name: 'Sign and send' }).click();
  const said = discussion.getByRole('article');
  await expect(said.locator('strong')).toHaveText('Good.', { timeout: 30_000 });
  await expect(said.locator('.prose :is(img, [style], a[href^="javascript"])')).toHaveCount(0);
  await expect(page).not.toHaveTitle(/hit/);

  await said.getByRole('button', { name: 'Answer' }).click();
  await discussion.getByLabel('Answer').fill('Thank you.');
  await discussion.getByRole('button', { name: 'Sign and send' }).first().click();
  await expect(said.filter({ hasText: 'Thank you.' })).toBeVisible({ timeout: 30_000 });

  // An operator that changes a word is found out by whoever reads.
  await page.route(/\/v1\/discussions\//, async (route) => {
    const response = await route.fetch();
    const found = await response.json();
    found.thread.messages[0].text = 'I never said this.';
    await route.fulfill({ response, json: found });
  });
  await page.reload();
  await expect(discussion.getByText("The signature is not this account's")).toBeVisible({ timeout: 30_000 });
});
