import { type Hex, keccak256, numberToHex, parseSignature, recoverAddress, serializeSignature } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { signedBy } from './signedBy.ts';

const alice = privateKeyToAccount(keccak256('0x0a'));
const bob = privateKeyToAccount(keccak256('0x0b'));
const digest = (index: number): Hex => keccak256(numberToHex(index, { size: 4 }));

test('says of every signature what recovering it says', async () => {
  const signed = await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      const hash = digest(index);
      const signature = await (index % 3 === 1 ? bob : alice).sign({ hash });
      return { digest: index % 7 === 5 ? digest(index + 1_000) : hash, signature };
    }),
  );
  const { r, s, yParity } = parseSignature(signed[2]?.signature as Hex);
  signed[2] = { digest: digest(2), signature: serializeSignature({ r, s, yParity: 1 - yParity }) };
  const recovered = await Promise.all(
    signed.map(({ digest: hash, signature }) =>
      recoverAddress({ hash, signature }).then(
        (address) => address === alice.address,
        () => false,
      ),
    ),
  );
  expect(await signedBy(alice.address, signed)).toEqual(recovered);
  expect(recovered.filter(Boolean).length).toBeGreaterThan(8);
  expect(recovered[2]).toBe(false);
});

test('the signer may come late or never', async () => {
  const byBob = { digest: digest(1), signature: await bob.sign({ hash: digest(1) }) };
  const byAlice = { digest: digest(2), signature: await alice.sign({ hash: digest(2) }) };
  expect(await signedBy(alice.address, [byBob, byAlice, byAlice, byBob])).toEqual([false, true, true, false]);
  expect(await signedBy(alice.address, [byBob, byBob])).toEqual([false, false]);
  expect(await signedBy(alice.address, [])).toEqual([]);
});

test('what is no signature is nobody’s', async () => {
  const good = { digest: digest(1), signature: await alice.sign({ hash: digest(1) }) };
  const zero = `0x${'00'.repeat(64)}1b` as const;
  const large = `0x${'ff'.repeat(64)}1b` as const;
  const bad = (['0x', '0x00', zero, large] as const).map((signature) => ({ digest: digest(1), signature }));
  expect(await signedBy(alice.address, [...bad, good, ...bad, good])).toEqual([
    ...bad.map(() => false),
    true,
    ...bad.map(() => false),
    true,
  ]);
});
