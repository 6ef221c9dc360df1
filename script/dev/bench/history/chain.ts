import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Abi, type Address, encodeFunctionData, type Hex, parseAbi } from 'viem';
import { root, tools } from '../../config.ts';
import { runCommand } from '../../deployment.ts';
import { rpc } from '../../processes/rpc.ts';
import type { Log } from './log.ts';

const PER_BLOCK = 100; // logs, what a busy second of an L2 brings
const abi: Abi = parseAbi(['struct Entry { address emitter; bytes32[] topics; bytes data; }', 'function relay(Entry[] entries)']);

/** Puts LogEmitter in the place of these contracts. */
export async function placeEmitters(url: string, contracts: readonly string[]): Promise<void> {
  const source = 'script/dev/bench/history/LogEmitter.sol';
  await runCommand(tools.forge, ['build', source]);
  const artifact = JSON.parse(readFileSync(join(root, 'out/LogEmitter.sol/LogEmitter.json'), 'utf8')) as {
    deployedBytecode: { object: Hex };
  };
  for (const contract of contracts) await rpc(url, 'anvil_setCode', [contract, artifact.deployedBytecode.object]);
}

/** Emits logs, a hundred in a block. @returns the number of the block that holds each hundred */
export async function emitLogs(url: string, logs: readonly Log[]): Promise<number[]> {
  const [from] = await rpc<Address[]>(url, 'eth_accounts', []);
  const blocks: number[] = [];
  for (let start = 0; start < logs.length; start += PER_BLOCK) {
    const entries = logs.slice(start, start + PER_BLOCK);
    const data = encodeFunctionData({ abi, functionName: 'relay', args: [entries] });
    const transaction = { from, to: entries[0]?.emitter, data, gas: '0xe00000' };
    const hash = await rpc<Hex>(url, 'eth_sendTransaction', [transaction]);
    const receipt = await rpc<{ status: Hex; blockNumber: Hex; logs: unknown[] }>(url, 'eth_getTransactionReceipt', [hash]);
    if (receipt.status !== '0x1' || receipt.logs.length !== entries.length) {
      throw new Error(`Block ${Number(receipt.blockNumber)} holds ${receipt.logs.length} of ${entries.length} logs.`);
    }
    blocks.push(Number(receipt.blockNumber));
  }
  return blocks;
}
