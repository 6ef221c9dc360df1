import { type SignedDigest, signedBy } from '@openledger/sdk';
import { type Hex, keccak256, numberToHex, parseSignature, recoverAddress, serializeSignature } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { recoverSigner } from './recover.ts';

const alice = privateKeyToAccount(keccak256('0x0a'));
const bob = privateKeyToAccount(keccak256('0x0b'));
const order = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
const digestOf = (index: number): Hex => keccak256(numberToHex(index, { size: 4 }));
const word = (value: bigint): string => value.toString(16).padStart(64, '0');

/** Signatures of two accounts, every third with the other of the two points, every fifth with s in the upper half. */
async function signatures(count: number): Promise<SignedDigest[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const digest = digestOf(index);
      const { r, s, yParity } = parseSignature(await (index % 2 === 0 ? alice : bob).sign({ hash: digest }));
      const isUpper = index % 5 === 4;
      const flipped = (yParity + Number(isUpper) + Number(index % 3 === 2)) % 2;
      const upper = isUpper ? (`0x${word(order - BigInt(s))}` as const) : s;
      return { digest, signature: serializeSignature({ r, s: upper, yParity: flipped }) };
    }),
  );
}

test('says of every signature what JavaScript says', async () => {
  const signed = await signatures(30);
  const known = await Promise.all(signed.map(({ digest, signature }) => recoverAddress({ hash: digest, signature })));
  const recovered = signed.map(recoverSigner);
  expect(recovered).toEqual(known.map((address) => address.toLowerCase()));
  expect(new Set(recovered).size).toBeGreaterThan(2);
  expect(await signedBy(alice.address, signed, recoverSigner)).toEqual(await signedBy(alice.address, signed));
});

test('takes the last byte in either convention, and no other', async () => {
  const [{ digest, signature }] = (await signatures(1)) as [SignedDigest];
  const head = signature.slice(0, -2);
  const parity = Number(`0x${signature.slice(-2)}`) - 27;
  const recoveredWith = (last: number) =>
    recoverSigner({ digest, signature: `${head}${last.toString(16).padStart(2, '0')}` as Hex });
  expect([recoveredWith(parity), recoveredWith(parity + 27)]).toEqual([alice.address.toLowerCase(), alice.address.toLowerCase()]);
  expect([2, 3, 26, 29, 30, 255].map(recoveredWith)).toEqual(Array(6).fill(undefined));
});

test('what is no signature is nobody’s, as in JavaScript', async () => {
  const digest = digestOf(1);
  const one = word(1n);
  const bad: Hex[] = [
    '0x',
    '0x00',
    `0x${'00'.repeat(64)}1b`,
    `0x${'ff'.repeat(64)}1b`,
    `0x${word(order)}${one}1b`,
    `0x${one}${word(order)}1b`,
    `0x${word(5n)}${one}1b`, // no point has this x
    `0x${one}${one}`,
    `0x${one}${one}1b00`,
    `0x${'zz'.repeat(65)}`,
  ];
  const signed = bad.map((signature) => ({ digest, signature }));
  expect(signed.map(recoverSigner)).toEqual(bad.map(() => undefined));
  expect(await signedBy(alice.address, signed)).toEqual(bad.map(() => false));
});
