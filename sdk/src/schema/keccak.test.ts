import { bytesToHex, keccak256, stringToHex } from 'viem';
import { expect, test } from 'vitest';
import { keccak, keccakText } from './keccak.ts';

const inputs = [0, 1, 135, 136, 137, 272, 5_000].map((length) => Uint8Array.from({ length }, (_, index) => (index * 7) % 256));

test.each(['JavaScript', 'WebAssembly'])('%s hashes bytes of any length as viem does', async (kind) => {
  if (kind === 'WebAssembly') await new Promise((done) => setTimeout(done, 100));
  for (const bytes of inputs) {
    expect(keccak(bytes)).toBe(keccak256(bytes));
    expect(keccak(bytesToHex(bytes))).toBe(keccak256(bytes));
  }
  for (const text of ['', 'a', '資料網', '\ud800']) expect(keccakText(text)).toBe(keccak256(stringToHex(text)));
});

test('what is no hex is refused', () => {
  expect(() => keccak('0x1')).toThrow();
  expect(() => keccak('0xzz')).toThrow();
});
