import { devAccount, devNames } from '@openledger/sdk/dev';
import type { App } from '#lib/shell/app.svelte.ts';
import { chainOf } from '../chain.ts';
import { DEVELOPMENT_ICON, DEVELOPMENT_RDNS } from './identity.ts';
import { createDevelopmentProvider, type DevelopmentProvider } from './provider.ts';

let provider: DevelopmentProvider | undefined;

/** The announced wallet; only after {@link announceDevelopmentWallet}. */
export function developmentProvider(): DevelopmentProvider | undefined {
  return provider;
}

/** Offers the development wallet the way every browser wallet offers itself (EIP-6963). */
export function announceDevelopmentWallet(app: App): void {
  if (provider) return;
  provider = createDevelopmentProvider(chainOf(app.config));
  for (const name of devNames)
    app.names.add(
      devAccount(name).address,
      name.replace(/^./, (first) => first.toUpperCase()),
    );
  const detail = Object.freeze({
    info: { uuid: crypto.randomUUID(), name: 'Development wallet', icon: DEVELOPMENT_ICON, rdns: DEVELOPMENT_RDNS },
    provider,
  });
  const announce = (): void => void window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
  window.addEventListener('eip6963:requestProvider', announce);
  announce();
}
