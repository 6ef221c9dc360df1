import { type DevName, devAccount, devNames } from '@openledger/sdk/dev';
import {
  type Address,
  type Chain,
  createPublicClient,
  createWalletClient,
  type EIP1193RequestFn,
  type HDAccount,
  type Hex,
  hexToBigInt,
  http,
  numberToHex,
  type TypedDataDefinition,
} from 'viem';

type Listener = (...values: never[]) => void;
type TransactionRequest = { to?: Address; data?: Hex; value?: Hex; gas?: Hex };

/** The account last chosen, and whether this site was let in, are kept for the next visit. */
const STORAGE_KEY = 'openledger.development-account';
const PERMISSION_KEY = 'openledger.development-permission';

/** An EIP-1193 provider over publicly known keys, for development chains only. */
export type DevelopmentProvider = {
  request: EIP1193RequestFn;
  on: (event: string, listener: Listener) => void;
  removeListener: (event: string, listener: Listener) => void;
  selected: () => DevName;
  select: (name: DevName) => void;
};

function remembered(): DevName {
  const name = localStorage.getItem(STORAGE_KEY);
  return devNames.find((known) => known === name) ?? 'newcomer';
}

export function createDevelopmentProvider(chain: Chain): DevelopmentProvider {
  const transport = http(chain.rpcUrls.default.http[0]);
  const reader = createPublicClient({ chain, transport });
  const listeners = new Map<string, Set<Listener>>();
  let selected = remembered();

  const account = (): HDAccount => devAccount(selected);
  const emit = (event: string, value: unknown): void => {
    for (const listener of listeners.get(event) ?? []) (listener as (value: unknown) => void)(value);
  };

  async function send({ to, data, value, gas }: TransactionRequest): Promise<Hex> {
    const client = createWalletClient({ account: account(), chain, transport });
    return client.sendTransaction({
      to: to ?? null,
      ...(data ? { data } : {}),
      ...(value ? { value: hexToBigInt(value) } : {}),
      ...(gas ? { gas: hexToBigInt(gas) } : {}),
    });
  }

  async function request({ method, params }: { method: string; params?: unknown }): Promise<unknown> {
    const list = (Array.isArray(params) ? params : []) as unknown[];
    switch (method) {
      case 'eth_requestAccounts':
        localStorage.setItem(PERMISSION_KEY, 'yes');
        return [account().address];
      case 'eth_accounts':
        return localStorage.getItem(PERMISSION_KEY) ? [account().address] : [];
      case 'eth_chainId':
        return numberToHex(chain.id);
      case 'wallet_switchEthereumChain':
      case 'wallet_addEthereumChain':
        return null;
      case 'wallet_requestPermissions':
        localStorage.setItem(PERMISSION_KEY, 'yes');
        return [{ parentCapability: 'eth_accounts' }];
      case 'wallet_revokePermissions':
        localStorage.removeItem(PERMISSION_KEY);
        return null;
      case 'personal_sign':
        return account().signMessage({ message: { raw: list[0] as Hex } });
      case 'eth_signTypedData_v4':
        return account().signTypedData(JSON.parse(list[1] as string) as TypedDataDefinition);
      case 'eth_sendTransaction':
        return send(list[0] as TransactionRequest);
      default:
        return (reader.request as (args: { method: string; params?: unknown }) => Promise<unknown>)({ method, params });
    }
  }

  return {
    request: request as EIP1193RequestFn,
    on: (event, listener) => void listeners.set(event, (listeners.get(event) ?? new Set()).add(listener)),
    removeListener: (event, listener) => void listeners.get(event)?.delete(listener),
    selected: () => selected,
    select: (name) => {
      selected = name;
      localStorage.setItem(STORAGE_KEY, name);
      emit('accountsChanged', [account().address]);
    },
  };
}
