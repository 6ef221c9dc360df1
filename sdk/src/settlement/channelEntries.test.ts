import { keccak256, size } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { seededRandom } from '../vectors/random.ts';
import { channelEntryBytes, packChannelEntries, unpackChannelEntries } from './channelEntries.ts';
import { channel192, channelId } from './channelId.ts';
import { openLedgerDomain } from './domain.ts';
import { recoverVoucherSigner, signVoucher } from './voucher.ts';

const random = seededRandom('channel entries');
const operator = random.address();
const domain = openLedgerDomain(1, random.address());

const entry = async (seed: `0x${string}`) => {
  const account = privateKeyToAccount(keccak256(seed));
  const signer = account.address.toLowerCase() as `0x${string}`;
  const voucher = {
    payer: random.address(),
    operator,
    signer,
    cumulativeCeiling: 10n ** 20n,
    maxSequence: 99,
    app: random.address(),
    appMarkupBps: 5,
    expiry: 7,
  };
  return {
    voucher,
    entry: {
      ...voucher,
      collected: 5n,
      previousSequence: 1,
      lastSequence: 3,
      signature: await signVoucher(account, voucher, domain),
    },
  };
};

test('packs 167 bytes a channel, sorted, and reads them back with a signature that still recovers', async () => {
  const made = await Promise.all([entry('0x01'), entry('0x02'), entry('0x03'), entry('0x04')]);
  const packed = packChannelEntries(
    operator,
    made.map(({ entry: each }) => each),
  );
  expect(size(packed)).toBe(4 * channelEntryBytes);
  const back = unpackChannelEntries(packed);
  const keys = back.map((each) => channel192(channelId({ ...each, operator })));
  expect(keys).toEqual([...keys].sort((a, b) => (a < b ? -1 : 1)));
  for (const each of back) {
    const { voucher, entry: original } =
      made.find(({ voucher: { payer } }) => payer === each.payer) ?? (made[0] as (typeof made)[0]);
    expect({ ...each, signature: '' }).toMatchObject({
      collected: 5n,
      previousSequence: 1,
      lastSequence: 3,
      payer: voucher.payer,
      signer: voucher.signer,
      app: voucher.app,
      expiry: 7,
    });
    expect(each.signature).toBe(original.signature);
    expect((await recoverVoucherSigner(voucher, each.signature, domain)).toLowerCase()).toBe(voucher.signer);
  }
});

test('the same channel twice and a cut entry are refused', async () => {
  const { entry: one } = await entry('0x05');
  expect(() => packChannelEntries(operator, [one, one])).toThrow(/twice/);
  expect(() => unpackChannelEntries('0x00')).toThrow(/whole number/);
});
