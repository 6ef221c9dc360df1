import { type Address, type Hex, parseAbi, parseSignature } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';

const permitAbi = parseAbi([
  'function nonces(address owner) view returns (uint256)',
  'function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)',
]);

export type Permit = { deadline: bigint; v: number; r: Hex; s: Hex };

/** Asks the wallet for an ERC-2612 permit: `spender` may take `value` OPEN once, within twenty minutes. */
export async function signPermit(app: App, spender: Address, value: bigint): Promise<Permit> {
  const { client, address } = await app.wallet.ready();
  const token = { address: app.address('OpenToken'), abi: permitAbi } as const;
  const [nonce, [, name, version, chainId, verifyingContract]] = await Promise.all([
    app.chain.readContract({ ...token, functionName: 'nonces', args: [address] }),
    app.chain.readContract({ ...token, functionName: 'eip712Domain' }),
  ]);
  const { timestamp } = await app.chain.getBlock();
  const deadline = timestamp + 1200n;
  const signature = await client.signTypedData({
    account: client.account ?? address,
    domain: { name, version, chainId: Number(chainId), verifyingContract },
    types: {
      Permit: [
        { name: 'owner', type: 'address' },
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'nonce', type: 'uint256' },
        { name: 'deadline', type: 'uint256' },
      ],
    },
    primaryType: 'Permit',
    message: { owner: address, spender, value, nonce, deadline },
  });
  const { r, s, yParity } = parseSignature(signature);
  return { deadline, v: 27 + yParity, r, s };
}
