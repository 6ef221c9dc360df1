import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { keccak256, toHex } from 'viem';
import { expect, test } from 'vitest';
import { paymentEscrowAbi, settlementAbi } from '../generated/abis.ts';
import { receiptTypes } from './receipt.ts';
import { voucherTypes } from './voucher.ts';

type Fields = readonly { name?: string; type: string }[];

/** The type's string, whose hash is its typehash (EIP-712, encodeType). */
const encodeType = (name: string, fields: Fields) => `${name}(${fields.map((f) => `${f.type} ${f.name}`).join(',')})`;

const root = resolve(import.meta.dirname, '../../..');
const inContracts = new Map<string, string>();
for (const file of globSync('contracts/src/**/*.sol', { cwd: root })) {
  const source = readFileSync(resolve(root, file), 'utf8');
  for (const [, type, name] of source.matchAll(/"(([A-Z]\w*)\((?:[a-z]\w* \w+,)+[a-z]\w* \w+\))"/g)) {
    if (type && name) inContracts.set(name, type);
  }
}

/** Fields of the struct that a function takes, as the compiler read them. */
function structOf(abi: readonly { type: string; name?: string; inputs?: readonly unknown[] }[], name: string): Fields {
  const input = abi.find((item) => item.type === 'function' && item.name === name)?.inputs?.[0];
  return (input as { components: Fields }).components;
}

test('typehashMismatch: every string that a contract hashes as a type is known here', () => {
  expect([...inContracts.keys()].sort()).toEqual(['Grant', 'Receipt', 'Voucher']);
});

test('typehashMismatch: contracts, their structs and the sdk sign the same types', () => {
  const voucher = encodeType('Voucher', voucherTypes.Voucher);
  expect(inContracts.get('Voucher')).toBe(voucher);
  expect(encodeType('Voucher', structOf(paymentEscrowAbi, 'hashVoucher'))).toBe(voucher);
  const receipt = encodeType('Receipt', receiptTypes.Receipt);
  expect(inContracts.get('Receipt')).toBe(receipt);
  expect(encodeType('Receipt', structOf(settlementAbi, 'hashReceipt'))).toBe(receipt);
});

test('typehashMismatch: the hashes are those that wallets and contracts have used so far', () => {
  const hashes = Object.fromEntries([...inContracts].map(([name, type]) => [name, keccak256(toHex(type))]));
  expect(hashes).toMatchInlineSnapshot(`
    {
      "Grant": "0xd0d31cde698256143bb00acaf88de700af223956f2650a1c995055245a4b6c23",
      "Receipt": "0xb76c6f59aa847d16a75698300530ade69c8640d2a953d1b8e16530618bee87a4",
      "Voucher": "0x98a38e38f10ed69d9d10fdbd9af23c48510e15d5df2b18ede78d969080cbecb0",
    }
  `);
});
