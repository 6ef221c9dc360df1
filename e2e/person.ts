import { expect, type Page } from '@playwright/test';

/** What a person does again and again in the app, by what they see. */
export function personOn(page: Page) {
  const wallet = page.getByRole('button', { name: 'Wallet menu' });
  return {
    /** Connects the development wallet, which offers itself like any other EIP-6963 wallet. */
    async connect() {
      await page.getByRole('banner').getByRole('button', { name: 'Connect wallet' }).click();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /development/i })
        .click();
      await expect(wallet).toBeVisible();
    },
    /** Becomes another of the wallet's named accounts. */
    async become(name: string) {
      await wallet.click();
      await page.getByRole('menuitem', { name: new RegExp(`^${name}$`, 'i') }).click();
      await expect(wallet).toContainText(new RegExp(name, 'i'));
    },
    async faucet() {
      await wallet.click();
      await page.getByRole('menuitem', { name: /^Get .* OPEN to try things/ }).click();
      await this.done('Get OPEN from the faucet');
    },
    /** Waits until the transaction of that title has reached the index. */
    async done(title: string | RegExp) {
      const toast = page.getByRole('status').filter({ hasText: title }).last();
      await expect(toast).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
    },
    /** Presses a button and waits for its transaction. */
    async send(button: string | RegExp, title: string | RegExp) {
      await page.getByRole('button', { name: button }).click();
      await this.done(title);
    },
  };
}
