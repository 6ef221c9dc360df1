// People of a test: fresh accounts with ether and OPEN, who send transactions and wait for them.
import { contractAddress, type Deployment, faucetAbi, namedReviewersAbi } from '@openledger/sdk';
import {
  type Abi,
  type Address,
  type ContractFunctionArgs,
  type ContractFunctionName,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type PrivateKeyAccount,
  type TransactionReceipt,
} from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { rpc } from '../../../../script/dev/processes/rpc.ts';
import { openContracts } from '../../src/chain/contracts.ts';

export type Actor = { key: Hex; account: PrivateKeyAccount; address: Address };
export type Actors = ReturnType<typeof openActors>;

export function openActors(chainUrl: string, deployment: Deployment) {
  const chain = defineChain({
    id: deployment.chainId,
    name: 'Test',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [chainUrl] } },
  });
  const client = createPublicClient({ chain, transport: http(chainUrl), pollingInterval: 50, cacheTime: 0 });
  const contracts = {
    ...openContracts(deployment),
    faucet: { address: contractAddress(deployment, 'Faucet'), abi: faucetAbi },
    reviewers: { address: contractAddress(deployment, 'NamedReviewers'), abi: namedReviewersAbi },
  } as const;

  async function transact<
    const A extends Abi,
    N extends ContractFunctionName<A, 'nonpayable'>,
    const P extends ContractFunctionArgs<A, 'nonpayable', N>,
  >(who: Actor, contract: { address: Address; abi: A }, functionName: N, args: P): Promise<TransactionReceipt> {
    const { request } = await client.simulateContract({ ...contract, functionName, args, account: who.account } as Parameters<
      typeof client.simulateContract
    >[0]);
    const hash = await createWalletClient({ account: who.account, chain, transport: http(chainUrl) }).writeContract(request);
    await mine();
    const receipt = await client.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new Error(`${String(functionName)} failed`);
    return receipt;
  }

  const mine = (): Promise<unknown> => rpc(chainUrl, 'evm_mine', []);

  /** A new account with ten ether and what the faucet gives (1,000 OPEN). */
  async function newActor(): Promise<Actor> {
    const key = generatePrivateKey();
    const account = privateKeyToAccount(key);
    const actor = { key, account, address: account.address };
    await rpc(chainUrl, 'anvil_setBalance', [account.address, '0x8AC7230489E80000']);
    await transact(actor, contracts.faucet, 'drip', [account.address]);
    return actor;
  }

  return {
    client,
    contracts,
    deployment,
    transact,
    newActor,
    mine,
    now: async () => Number((await client.getBlock()).timestamp),
    /** Moves the test chain's clock. */
    advance: async (seconds: number) => {
      await rpc(chainUrl, 'evm_increaseTime', [seconds]);
      await mine();
    },
    balanceOf: (address: Address) => client.readContract({ ...contracts.token, functionName: 'balanceOf', args: [address] }),
  };
}
