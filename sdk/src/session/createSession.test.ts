import { type Address, decodeFunctionData, erc20Abi, keccak256, zeroAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { paymentEscrowAbi } from '../generated/abis.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { recoverVoucherSigner } from '../settlement/voucher.ts';
import { apiKeyHash, apiKeyOf } from './apiKey.ts';
import { createSession } from './createSession.ts';

const address = (digit: string): Address => `0x${digit.repeat(40)}`;
const deployment = {
  chainId: 31_337,
  startBlock: 0,
  deployedAt: 0,
  clocks: {},
  contracts: { OpenToken: address('1'), PaymentEscrow: address('2') },
};
const input = { deployment, payer: address('3'), operator: address('4'), ceiling: 10n, deposit: 7n, expiry: 99 };

test('the session key signs a voucher for the full ceiling, and the wallet authorises it once', async () => {
  const session = await createSession(input);
  const domain = openLedgerDomain(31_337, address('2'));
  const signer = privateKeyToAccount(session.privateKey).address;
  expect(await recoverVoucherSigner(session.voucher, session.signature, domain)).toBe(signer);
  expect(session.voucher).toMatchObject({
    payer: input.payer,
    operator: input.operator,
    signer,
    cumulativeCeiling: 10n,
    app: zeroAddress,
    expiry: 99,
  });
  expect(session.calls.map(({ functionName }) => functionName)).toEqual(['approve', 'deposit', 'authorizeSession']);
  const [approve, , authorize] = session.calls as [(typeof session.calls)[0], unknown, (typeof session.calls)[0]];
  expect(decodeFunctionData({ abi: erc20Abi, data: approve.data }).args).toEqual([address('2'), 7n]);
  expect(decodeFunctionData({ abi: paymentEscrowAbi, data: authorize.data }).args).toEqual([input.operator, signer, 10n, 99]);
});

test('nothing is deposited when nothing is asked for', async () => {
  const { calls } = await createSession({ ...input, deposit: 0n });
  expect(calls.map(({ functionName }) => functionName)).toEqual(['authorizeSession']);
});

test('the API key follows from the session key and tells nothing about it', async () => {
  const privateKey = keccak256('0x01');
  const session = await createSession({ ...input, privateKey });
  expect(session.apiKey).toMatch(/^ol-[0-9a-f]{64}$/);
  expect(session.apiKey).toBe(apiKeyOf(privateKey));
  expect(session.keyHash).toBe(apiKeyHash(session.apiKey));
  expect(session.apiKey).not.toContain(privateKey.slice(2, 12));
});
