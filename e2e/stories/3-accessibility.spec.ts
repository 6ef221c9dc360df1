// Every route in both themes: no violation of WCAG A or AA that axe can find, no error in the console.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { routes } from '../routes.ts';

/** The demonstration's newest settled receipt: its page lists every check, so it is looked at once they have run. */
async function openReceipt(page: Page): Promise<void> {
  await page.goto('/receipts');
  await page.locator('main a[href^="/receipts/0x"]').first().click({ timeout: 60_000 });
  await expect(page.getByText(/Everything holds: \d+ checks passed/).first()).toBeVisible({ timeout: 60_000 });
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)).toEqual([]);
}

for (const theme of ['light', 'dark'] as const) {
  for (const route of routes) {
    test(`${route} in the ${theme} theme can be used by everyone`, async ({ page }) => {
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.goto(route);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await page.waitForLoadState('networkidle').catch(() => undefined); // pages that poll never fall silent
      await expectAccessible(page);
      expect(errors).toEqual([]);
    });
  }
  test(`a settled receipt in the ${theme} theme can be used by everyone, and holds`, async ({ page }) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await openReceipt(page);
    await expect(page.getByText(/Everything holds: \d+ checks passed/)).toHaveCount(2); // the receipt and its batch
    await expectAccessible(page);
    expect(errors).toEqual([]);
  });
}
