import { type BatchBody, type ChannelEntry, settlementAbi, unpackChannelEntries } from '@openledger/sdk';
import { decodeFunctionData, type Hex } from 'viem';

/** What an operator handed the chain when it settled: the body and rewards that the header hash is over, and the channels. */
export type SettleCall = {
  body: BatchBody;
  rewards: BatchBody['receipts'];
  previousRewardsRoot: Hex;
  channels: ChannelEntry[];
};

/** Reads the call of a settlement's transaction. `undefined` if it is no direct call of `settle`. */
export function readSettleCall(input: Hex): SettleCall | undefined {
  try {
    const { functionName, args } = decodeFunctionData({ abi: settlementAbi, data: input });
    if (functionName !== 'settle') return undefined;
    const [body, rewards, previous, channels] = args;
    return { body, rewards, previousRewardsRoot: previous.rewards.root, channels: unpackChannelEntries(channels) };
  } catch {
    return undefined;
  }
}
