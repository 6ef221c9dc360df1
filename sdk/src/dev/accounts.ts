import { type HDAccount, mnemonicToAccount } from 'viem/accounts';

/** anvil's public development mnemonic: every key below is known to everybody. Never on a network that matters. */
export const devMnemonic = 'test test test test test test test test test test test junk';

/** Who plays whom on a development chain, in order of derivation. */
export const devNames = [
  'deployer',
  'operator',
  'provider',
  'reviewer',
  'alice',
  'bob',
  'carol',
  'mallory',
  'proposer',
  'caller',
  'holder',
  'newcomer',
  'guardian',
  'operator2',
] as const;

export type DevName = (typeof devNames)[number];

/** The development account of that name (path m/44'/60'/0'/0/i). */
export function devAccount(name: DevName): HDAccount {
  return mnemonicToAccount(devMnemonic, { addressIndex: devNames.indexOf(name) });
}

/** Its private key, for processes that take one from their environment. */
export function devPrivateKey(name: DevName): `0x${string}` {
  const { privateKey } = devAccount(name).getHdKey();
  if (!privateKey) throw new Error(`The development account ${name} has no private key.`);
  return `0x${Array.from(privateKey, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
