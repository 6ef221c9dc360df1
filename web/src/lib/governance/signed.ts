import {
  type Ballot,
  ballotTypedData,
  type Delegation,
  delegationTypedData,
  governorDomain,
  kindOfGovernor,
  openGovernorAbi,
  openTokenAbi,
  type VoteSource,
} from '@openledger/sdk';
import type { Address } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { follow, type Written } from '#lib/wallet/transact.ts';

/** For how long after it is signed a delegation may be carried to the chain, in seconds. */
const goodFor = 3_600;

type Asked = Pick<Ballot, 'governor' | 'proposalId' | 'support' | 'reason'> & {
  title: string;
  voteStart: number;
  voteEnd: number;
};

/** Has the wallet sign a vote, good until voting ends, and the operator carry it to the chain: it costs no gas. */
export function voteBySignature(app: App, { title, voteStart, voteEnd, ...asked }: Asked): Promise<Written> {
  return follow(app, title, async () => {
    const { client, address } = await app.wallet.ready();
    const { deployment } = app.config;
    const kind = kindOfGovernor(deployment, asked.governor);
    if (!kind) throw new Error(m.proposal_missing());
    const read = { address: asked.governor, abi: openGovernorAbi, functionName: 'nonces', args: [address] } as const;
    const ballot: Ballot = { ...asked, voter: address, nonce: await app.chain.readContract(read), deadline: voteEnd };
    const typed = ballotTypedData(ballot, governorDomain(deployment, kind));
    const signature = await client.signTypedData({ ...typed, account: client.account ?? address });
    await reached(app, BigInt(voteStart));
    return (await app.gateway.vote({ ...ballot, signature })).transaction;
  });
}

/** Waits for a block after `time`, some seconds at most: the chain's last one may be behind the clock by which voting has begun. */
async function reached(app: App, time: bigint): Promise<void> {
  for (let look = 0; look < 20 && (await app.chain.getBlock()).timestamp <= time; look += 1)
    await new Promise((resolve) => setTimeout(resolve, 500));
}

/** Has the wallet sign a delegation and the operator carry it to the chain: it costs no gas. */
export function delegateBySignature(app: App, title: string, source: VoteSource, to: 'myself' | Address): Promise<Written> {
  return follow(app, title, async () => {
    const { client, address } = await app.wallet.ready();
    const { deployment } = app.config;
    const [nonce, { timestamp }] = await Promise.all([
      app.chain.readContract({
        address: app.address(source),
        abi: openTokenAbi,
        functionName: 'nonces',
        args: [address],
      }),
      app.chain.getBlock(),
    ]);
    const delegation: Delegation = {
      source,
      delegatee: to === 'myself' ? address : to,
      nonce,
      expiry: Number(timestamp) + goodFor,
    };
    const typed = delegationTypedData(delegation, deployment);
    const signature = await client.signTypedData({ ...typed, account: client.account ?? address });
    return (await app.gateway.delegate({ ...delegation, delegator: address, signature })).transaction;
  });
}
