import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Chain } from './open.ts';
import type { Outbox } from './outbox.ts';

/** Stake is locked twice over behind pending batches: put in more than the least, if the account has it. */
const wantedTimesMinimum = 10n;

/** What this account would add to its stake to be active, wei, as far as it has it; 0 if it is active. */
export async function plannedStake(chain: Chain): Promise<bigint> {
  const { client, contracts, account } = chain;
  if (await client.readContract({ ...contracts.operators, functionName: 'isActive', args: [account.address] })) return 0n;
  const [minimum, balance, { stake }] = await Promise.all([
    client.readContract({ ...contracts.operators, functionName: 'minimumStake' }),
    client.readContract({ ...contracts.token, functionName: 'balanceOf', args: [account.address] }),
    client.readContract({ ...contracts.operators, functionName: 'operator', args: [account.address] }),
  ]);
  const least = stake < minimum ? minimum - stake : 1n;
  const half = balance / 2n;
  const wanted = minimum * wantedTimesMinimum - stake;
  return wanted < half ? wanted : half > least ? half : least;
}

/**
 * Makes this account an active operator if it is not one. Throws a sentence that says what a new one lacks; one that was
 * active goes on without: after a slash its payers still get their refunds, and it can settle again once it has stake.
 */
export async function registerOperator(chain: Chain, outbox: Outbox, config: Pick<Config, 'endpoint'>, log: Log): Promise<void> {
  const { client, contracts, account } = chain;
  const isActive = () => client.readContract({ ...contracts.operators, functionName: 'isActive', args: [account.address] });
  if (await isActive()) return;
  const [stake, minimum, balance, known] = await Promise.all([
    plannedStake(chain),
    client.readContract({ ...contracts.operators, functionName: 'minimumStake' }),
    client.readContract({ ...contracts.token, functionName: 'balanceOf', args: [account.address] }),
    client.readContract({ ...contracts.operators, functionName: 'operator', args: [account.address] }),
  ]);
  const isKnown = known.signer !== '0x0000000000000000000000000000000000000000';
  if (balance < stake && isKnown) {
    log.error(
      { operator: account.address, stake: known.stake.toString(), minimum: minimum.toString() },
      'this operator has too little stake to settle anything: send it OPEN, then start it again',
    );
    return;
  }
  if (balance < stake) {
    throw new Error(`The operator ${account.address} needs ${minimum} wei of OPEN to register and has ${balance}: send it some.`);
  }
  await outbox.settled(
    await outbox.send('approve stake', {
      ...contracts.token,
      functionName: 'approve',
      args: [contracts.operators.address, stake],
    }),
  );
  const row = isKnown
    ? await outbox.send('add stake', { ...contracts.operators, functionName: 'addStake', args: [account.address, stake] })
    : await outbox.send('register', {
        ...contracts.operators,
        functionName: 'register',
        args: [account.address, config.endpoint, '', stake],
      });
  await outbox.settled(row);
  if (!(await isActive()))
    throw new Error(`The operator ${account.address} is registered but not active: look at its stake and unbonding.`);
  log.info({ operator: account.address, stake: stake.toString() }, 'registered as operator');
}
