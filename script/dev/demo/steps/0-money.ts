import type { DevName } from '@openledger/sdk/dev';
import { open, say } from '../show.ts';
import { addressOf, type Stage } from '../stage.ts';

/** OPEN that each participant needs at least, in whole OPEN. */
const needs: Partial<Record<DevName, bigint>> = { alice: 20n, bob: 20n, carol: 20n, mallory: 20n, proposer: 300n, caller: 30n };

/** Everyone takes what they need from the faucet of the development chain. */
export async function takeMoney(stage: Stage): Promise<void> {
  const { chain, contracts, transact } = stage;
  for (const [name, whole = 0n] of Object.entries(needs) as [DevName, bigint][]) {
    const need = whole * 10n ** 18n;
    const account = addressOf(name);
    const balance = (): Promise<bigint> => chain.readContract({ ...contracts.token, functionName: 'balanceOf', args: [account] });
    if ((await balance()) < need) {
      await transact(name, contracts.faucet, 'drip', [account]);
      if ((await balance()) < need)
        throw new Error(`The faucet gave ${name} less than the ${whole} OPEN needed here: start anew with npm run reset.`);
    }
    say(`  ${name.padEnd(9)} has ${open(await balance(), 2)}`);
  }
}
