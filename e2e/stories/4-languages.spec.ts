import { expect, test } from '@playwright/test';

test('the app speaks Traditional Chinese to whoever prefers it', async ({ browser }) => {
  const context = await browser.newContext({ locale: 'zh-TW' });
  const page = await context.newPage();
  await page.goto('/datanets');
  await expect(page.locator('html')).toHaveAttribute('lang', /zh-Hant/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/\p{Script=Han}/u);
  await context.close();
});

test('so does the jury', async ({ browser }) => {
  const context = await browser.newContext({ locale: 'zh-TW' });
  const page = await context.newPage();
  await page.goto('/jury');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('陪審團');
  await context.close();
});
