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

/** The page as it stands, in both themes. */
async function expectAccessibleInBothThemes(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveCSS('color-scheme', colorScheme);
    await test.step(`${colorScheme} theme`, () => expectAccessible(page));
  }
}

for (const route of routes) {
  test(`${route} can be used by everyone in both themes`, async ({ page }) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(route);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined); // pages that poll never fall silent
    await expectAccessibleInBothThemes(page);
    expect(errors).toEqual([]);
  });
}

test('a settled receipt can be used by everyone in both themes, and holds', async ({ page }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await openReceipt(page);
  await expect(page.getByText(/Everything holds: \d+ checks passed/)).toHaveCount(2); // the receipt and its batch
  await expectAccessibleInBothThemes(page);
  expect(errors).toEqual([]);
});
