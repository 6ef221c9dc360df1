import { hashTypedData, keccak256, stringToHex, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { type Ballot, ballotParams, ballotSchema, ballotTypedData, longestReason, signBallot } from './ballot.ts';
import { type Delegation, delegationArgs, delegationTypedData, signDelegation, signedDelegationSchema } from './delegation.ts';
import { decisionKinds, governorDomain, governorOf, kindOfGovernor, timelockOf } from './kinds.ts';

const at = (index: number) => `0x${index.toString(16).padStart(40, '0')}` as const;
const deployment = {
  chainId: 31_337,
  contracts: {
    TreasuryGovernor: at(0xa1),
    TreasuryTimelock: at(0xa2),
    ModelsGovernor: at(0xb1),
    OpenToken: at(1),
    ContributionVotes: at(2),
  },
};
const account = privateKeyToAccount(keccak256(stringToHex('a voter')));
const ballot: Ballot = {
  governor: at(0xa1),
  proposalId: 2n ** 255n + 7n,
  support: 1,
  voter: account.address,
  nonce: 3n,
  reason: 'Gärten 花園',
  deadline: 1_800_000_000,
};

test('every kind has a governor and a timelock by its name', () => {
  expect(decisionKinds).toEqual(['treasury', 'parameters', 'models', 'agents', 'upgrades']);
  expect(governorOf(deployment, 'treasury')).toBe(at(0xa1));
  expect(timelockOf(deployment, 'treasury')).toBe(at(0xa2));
  expect(kindOfGovernor(deployment, at(0xb1))).toBe('models');
  expect(kindOfGovernor(deployment, at(0xff))).toBeUndefined();
  expect(() => governorOf(deployment, 'agents')).toThrow(/AgentsGovernor/);
});

test('a ballot carries its deadline as params, and each field changes what is signed', () => {
  const domain = governorDomain(deployment, 'treasury');
  expect(domain.name).toBe('OpenLedger Treasury');
  expect(ballotParams(ballot)).toBe(toHex(1_800_000_000, { size: 32 }));
  const hash = hashTypedData(ballotTypedData(ballot, domain));
  const others: Ballot[] = [
    { ...ballot, proposalId: 1n },
    { ...ballot, support: 0 },
    { ...ballot, voter: at(9) },
    { ...ballot, nonce: 4n },
    { ...ballot, reason: '' },
    { ...ballot, deadline: 1_800_000_001 },
  ];
  for (const other of others) expect(hashTypedData(ballotTypedData(other, domain))).not.toBe(hash);
  expect(hashTypedData(ballotTypedData(ballot, governorDomain(deployment, 'models')))).not.toBe(hash);
});

test('a ballot is parsed from JSON and refused when a field is wrong', async () => {
  const domain = governorDomain(deployment, 'treasury');
  expect(await signBallot(account, ballot, domain)).toMatch(/^0x[0-9a-f]{130}$/);
  const json = { ...ballot, proposalId: ballot.proposalId.toString(), nonce: '3' };
  expect(ballotSchema.parse(json)).toEqual(ballot);
  expect(() => ballotSchema.parse({ ...json, support: 3 })).toThrow();
  expect(() => ballotSchema.parse({ ...json, reason: '花'.repeat(longestReason / 2) })).toThrow(/bytes at most/);
  expect(() => ballotSchema.parse({ ...json, reason: '\ud800' })).toThrow(/surrogate/);
  expect(() => ballotSchema.parse({ ...json, weight: 1 })).toThrow();
});

test('a delegation splits its signature as delegateBySig takes it', async () => {
  const delegation: Delegation = { source: 'OpenToken', delegatee: account.address, nonce: 0n, expiry: 1_800_000_000 };
  const signature = await signDelegation(account, delegation, deployment);
  const [delegatee, nonce, expiry, v, r, s] = delegationArgs({ ...delegation, delegator: account.address, signature });
  expect([delegatee, nonce, expiry]).toEqual([account.address, 0n, 1_800_000_000n]);
  expect(signature).toBe(`${r}${s.slice(2)}${v.toString(16)}`);
  const other = delegationTypedData({ ...delegation, source: 'ContributionVotes' }, deployment);
  expect(hashTypedData(other)).not.toBe(hashTypedData(delegationTypedData(delegation, deployment)));
  const json = { ...delegation, nonce: '0', delegator: account.address, signature };
  expect(signedDelegationSchema.parse(json).signature).toBe(signature);
  expect(() => signedDelegationSchema.parse({ ...json, signature: '0x00' })).toThrow(/65 bytes/);
});
