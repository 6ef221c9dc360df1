import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { oneQuestionAbi } from '@openledger/sdk';
import { createWalletClient, defineChain, type Hex, http } from 'viem';
import { z } from 'zod';
import { root, tools } from '../../../../script/dev/config.ts';
import { runCommand } from '../../../../script/dev/deployment.ts';
import type { Actor } from './actors.ts';
import type { World } from './world.ts';

const artifactSchema = z.object({ bytecode: z.object({ object: z.string() }) });

/** The example consumer (contracts/src/examples), which asks a release one question after another. */
export async function deployOneQuestion(world: World, owner: Actor, releaseHash: Hex) {
  const { client, contracts, deployment, environment, mine } = world;
  await runCommand(tools.forge, ['build', 'contracts/src/examples/OneQuestion.sol'], {});
  const artifact = artifactSchema.parse(JSON.parse(await readFile(join(root, 'out/OneQuestion.sol/OneQuestion.json'), 'utf8')));
  const url = environment.OPENLEDGER_RPC_URL;
  const chain = defineChain({
    id: deployment.chainId,
    name: 'Test',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const hash = await createWalletClient({ account: owner.account, chain, transport: http(url) }).deployContract({
    abi: oneQuestionAbi,
    bytecode: artifact.bytecode.object as Hex,
    args: [contracts.token.address, contracts.requests.address, releaseHash, 1],
  });
  await mine();
  const { contractAddress } = await client.waitForTransactionReceipt({ hash });
  if (!contractAddress) throw new Error('The consumer was not deployed.');
  return { address: contractAddress, abi: oneQuestionAbi } as const;
}
