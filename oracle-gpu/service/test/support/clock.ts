import { rpc } from '../../../../script/dev/processes/rpc.ts';

/** The test chain's clock apart from the computer's, so that no deadline passes while a process starts. */
export function openClock(chainUrl: string) {
  const mineEvery = (seconds: number) => rpc(chainUrl, 'evm_setIntervalMining', [seconds]);
  return {
    /** No block comes by itself; each that a test mines is one second later. */
    halt: async (): Promise<void> => {
      await mineEvery(0);
      await rpc(chainUrl, 'anvil_setBlockTimestampInterval', [1]);
    },
    /** Blocks come again, a second apart. */
    go: () => mineEvery(1),
    /** The next block is that much later. */
    pass: async (seconds: number): Promise<void> => {
      const { timestamp } = await rpc<{ timestamp: string }>(chainUrl, 'eth_getBlockByNumber', ['latest', false]);
      await rpc(chainUrl, 'evm_setNextBlockTimestamp', [Number(timestamp) + seconds]);
      await rpc(chainUrl, 'evm_mine', []);
    },
    /** As it was before. */
    release: async (): Promise<void> => {
      await rpc(chainUrl, 'anvil_removeBlockTimestampInterval', []);
      await mineEvery(1);
    },
  };
}
