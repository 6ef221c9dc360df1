import {
  type Connector,
  connect,
  disconnect,
  getConnection,
  getConnectors,
  getWalletClient,
  reconnect,
  switchChain,
  type Config as WagmiConfig,
  watchConnection,
  watchConnectors,
} from '@wagmi/core';
import type { Address, WalletClient } from 'viem';
import { m } from '#lib/paraglide/messages.js';

/** The person's wallet, whichever EIP-6963 provider it is. */
export class Wallet {
  #wagmi: WagmiConfig;
  #chainId: number;
  #connection = $state.raw<ReturnType<typeof getConnection>>() as ReturnType<typeof getConnection>;
  #connectors = $state.raw<readonly Connector[]>([]);
  #waiting: ((connected: boolean) => void)[] = [];
  /** Whether the list of wallets is shown. */
  choosing = $state(false);

  constructor(wagmi: WagmiConfig, chainId: number) {
    this.#wagmi = wagmi;
    this.#chainId = chainId;
    this.#connection = getConnection(wagmi);
    this.#connectors = getConnectors(wagmi);
    watchConnection(wagmi, { onChange: (connection) => (this.#connection = connection) });
    watchConnectors(wagmi, { onChange: (connectors) => (this.#connectors = connectors) });
  }

  get address(): Address | undefined {
    return this.#connection.address;
  }
  get connected(): boolean {
    return this.#connection.isConnected;
  }
  get connecting(): boolean {
    return this.#connection.isConnecting || this.#connection.isReconnecting;
  }
  get connector(): Connector | undefined {
    return this.#connection.connector;
  }
  /** Wallets found in this browser, each once. */
  get connectors(): readonly Connector[] {
    return this.#connectors;
  }
  get wrongChain(): boolean {
    return this.#connection.isConnected && this.#connection.chainId !== this.#chainId;
  }

  /** Takes up the connection of an earlier visit, if the wallet still allows it. */
  async restore(): Promise<void> {
    await reconnect(this.#wagmi);
  }

  async connect(connector: Connector): Promise<void> {
    await connect(this.#wagmi, { connector });
    this.choosing = false;
    this.#settle(true);
  }

  async disconnect(): Promise<void> {
    await disconnect(this.#wagmi);
  }

  /** The list of wallets was closed without choosing. */
  dismiss(): void {
    this.choosing = false;
    this.#settle(false);
  }

  /** Asks the wallet to change to this deployment's chain, adding it if unknown. */
  async switchChain(): Promise<void> {
    await switchChain(this.#wagmi, { chainId: this.#chainId });
  }

  /** A client that signs and sends on the right chain; asks to connect or switch where needed. */
  async ready(): Promise<{ client: WalletClient; address: Address }> {
    if (!this.connected) {
      this.choosing = true;
      const connected = await new Promise<boolean>((resolve) => this.#waiting.push(resolve));
      if (!connected) throw new Error(m.wallet_not_connected());
    }
    if (this.wrongChain) await this.switchChain();
    const client = await getWalletClient(this.#wagmi, { chainId: this.#chainId });
    return { client, address: client.account.address };
  }

  #settle(connected: boolean): void {
    for (const resolve of this.#waiting.splice(0)) resolve(connected);
  }
}
