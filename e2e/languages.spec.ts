import { expect, test } from '@playwright/test';

test('the app speaks Traditional Chinese to whoever prefers it', async ({ browser }) => {
  const context = await browser.newContext({ locale: 'zh-TW' });
  const page = await context.newPage();
  await page.goto('/datanets');
  await expect(page.locator('html')).toHaveAttribute('lang', /zh-Hant/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/\p{Script=Han}/u);
  await context.close();
});

test('a phone gets the whole navigation from one button', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto('/');
  await page.getByRole('button', { name: 'Open menu' }).click();
  await page.getByRole('link', { name: 'Datanets' }).first().click();
  await expect(page).toHaveURL(/\/datanets/);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await context.close();
});
