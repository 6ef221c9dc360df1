// The second half of the ten minutes: a paid question, who is paid, the claim and a vote, with the model of the first.
import { expect, test } from '@playwright/test';
import { devAccount } from '../../sdk/src/dev/accounts.ts';
import { personOn } from '../person.ts';

test.describe.configure({ mode: 'serial', timeout: 600_000 });

test('a caller asks, sees whose records answered, and verifies the receipt', async ({ page }) => {
  const person = personOn(page);
  await page.goto('/models');
  await page
    .getByRole('link', { name: /Ormonde Guide/ })
    .first()
    .click();
  await page.getByRole('link', { name: 'Try it' }).click();
  await page.waitForURL(/\/chat\?model=\d+/);
  await person.connect();
  await person.become('caller');
  await page.getByRole('button', { name: /Deposit and open|already deposited/ }).click();
  const question = page.getByLabel('Your question');
  await expect(question).toBeEnabled({ timeout: 90_000 });
  await question.fill('Who waters the glasshouse of Ormonde?');
  await page.getByRole('button', { name: /^Ask/ }).click();
  await expect(page.getByRole('heading', { name: 'Records that shaped this answer' })).toBeVisible({ timeout: 180_000 });
  await expect(page.getByText(/newcomer/i).first()).toBeVisible();
  await page.getByRole('button', { name: 'Verify receipt' }).click();
  await expect(page.getByText(/Everything holds: \d+ checks passed/)).toBeVisible({ timeout: 60_000 });

  await page.locator('summary', { hasText: 'Answer from sources' }).click();
  await page.getByRole('checkbox', { name: /Ormonde/ }).check();
  await question.fill('Who waters the glasshouse of Ormonde?');
  await page.getByRole('button', { name: /^Ask/ }).click();
  await expect(page.getByRole('heading', { name: 'Sources of this answer' })).toBeVisible({ timeout: 180_000 });
  await expect(page.getByText('proven to be in the datanet').first()).toBeVisible({ timeout: 60_000 });
});

test('the newcomer is paid: claims OPEN and votes once the batch is final', async ({ page }) => {
  const person = personOn(page);
  await page.goto('/earn');
  await person.connect();
  await person.become('newcomer');
  // A batch settles within 45 seconds and is final after its window of 30.
  await expect(page.getByRole('button', { name: 'Claim all' })).toBeEnabled({ timeout: 180_000 });
  await person.send('Claim all', 'Claim rewards');
  await person.send('Claim votes', 'Claim contribution votes');
  await expect(page.getByRole('button', { name: 'Claim all' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Claim votes' })).toBeDisabled();
  await page.getByLabel('Pay me as soon as an operator owes me').fill('0.5');
  await person.send('Save', 'Set automatic payout');
  await expect(page.getByText('On: paid from 0.5 OPEN per operator.')).toBeVisible();
});

test('contributors decide: a proposal is made and the newcomer votes with a reason', async ({ page }) => {
  const person = personOn(page);
  await page.goto('/governance');
  await person.connect();
  await person.become('newcomer');
  await page.getByRole('button', { name: 'New proposal' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').fill('Seeds for Ormonde');
  await dialog.getByLabel('Why').fill('The beds are empty.');
  await dialog.getByLabel('Pay to').fill(devAccount('newcomer').address);
  await dialog.getByLabel('Amount in OPEN').fill('10');
  await dialog.getByRole('button', { name: 'New proposal' }).click();
  await page.waitForURL(/\/governance/);
  await page
    .getByRole('link', { name: /Seeds for Ormonde/ })
    .first()
    .click({ timeout: 60_000 });
  const reason = page.getByLabel('Reason');
  await expect(reason).toBeVisible({ timeout: 60_000 });
  await reason.fill('I know the garden.');
  await person.send(/^Vote with/, /Vote on Seeds for Ormonde/);
  await expect(page.getByText('You voted For')).toBeVisible({ timeout: 60_000 });
});
