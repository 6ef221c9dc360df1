import type { Address } from 'viem';
import type { Config } from '#lib/config/config.ts';

/** Names of addresses that this app knows: the protocol's contracts, pools, the development accounts, you. */
export class Names {
  #names = $state<Record<string, string | (() => string)>>({});

  constructor(config: Config) {
    for (const [name, address] of Object.entries(config.deployment.contracts)) {
      if (address) this.add(address, name.replace(/([a-z])([A-Z])/g, '$1 $2'));
    }
  }

  /** A name, or how to say it in the reader's language. */
  add(address: Address, name: string | (() => string)): void {
    this.#names[address.toLowerCase()] = name;
  }

  of(address: string): string | undefined {
    const name = this.#names[address.toLowerCase()];
    return typeof name === 'function' ? name() : name;
  }
}
