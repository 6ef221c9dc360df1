import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare } from './compare.ts';
import { type Layout, layouts, namespaceSlot } from './layout.ts';

const namespace = 'example.storage.Vault';
const fields = 'uint96 balance; uint64 since; mapping(address owner => Deposit) deposits; Deposit[] history;';
const deposit = 'uint128 amount; Kind kind;';
const kinds = 'None, Small, Large';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'storage-'));
  mkdirSync(join(folder, 'contracts/src'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The layout of a vault that is made of these parts. */
function vault(parts: { fields?: string; deposit?: string; kinds?: string; ordinary?: string; slot?: string } = {}): Layout {
  const source = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
contract Vault is UUPSUpgradeable {
    ${parts.ordinary ?? ''}
    enum Kind { ${parts.kinds ?? kinds} }
    struct Deposit { ${parts.deposit ?? deposit} }
    /// @custom:storage-location erc7201:${namespace}
    struct VaultStorage { ${parts.fields ?? fields} }
    bytes32 private constant VAULT_STORAGE = ${parts.slot ?? namespaceSlot(namespace)};
    function _authorizeUpgrade(address) internal override {}
}`;
  writeFileSync(join(folder, 'contracts/src/Vault.sol'), source);
  const [layout] = layouts(folder);
  if (!layout) throw new Error('There is no layout.');
  return layout;
}

const broken = (before: Layout, after: Layout) =>
  compare(before, after)
    .filter(({ breaks }) => breaks)
    .map(({ text }) => text);

test('the slot of a namespace is that of the example in ERC-7201', () => {
  expect(namespaceSlot('example.main')).toBe('0x183a6125c38840424c4a85fa12bab2ab606c4b6d0e7cc73c0c06ba5300eab500');
});

test('a layout names each field with its slot, place and type', () => {
  const layout = vault();
  expect(layout.contract).toBe('Vault');
  expect(layout.namespaces[namespace]?.members.slice(0, 2)).toEqual([
    { label: 'balance', type: 'uint96', slot: 0, offset: 0, bytes: 12 },
    { label: 'since', type: 'uint64', slot: 0, offset: 12, bytes: 8 },
  ]);
  expect(layout.types['Vault.Kind']).toEqual(['None', 'Small', 'Large']);
  expect(compare(layout, vault())).toEqual([]);
}, 60_000);

test('what moves, changes its type or disappears breaks an upgrade', () => {
  const before = vault();
  for (const [parts, said] of [
    [{ fields: fields.replace('uint96 balance; uint64 since;', 'uint64 since; uint96 balance;') }, 'balance was at'],
    [{ fields: fields.replace('uint96 balance', 'uint128 balance') }, 'balance was at'],
    [{ fields: fields.replace('uint64 since; ', '') }, 'since (slot 0, byte 12, uint64) has disappeared'],
    [{ fields: `uint256 first; ${fields}` }, 'balance was at'],
    [{ fields: fields.replace('mapping(address owner', 'mapping(uint256 owner') }, 'deposits was at'],
    [{ deposit: 'Kind kind; uint128 amount;' }, 'amount was at'],
    [{ deposit: `${deposit} uint256 more;` }, 'more (slot 1, byte 0, uint256) is new'], // the history's elements move
    [{ kinds: 'Small, None, Large' }, 'None, Small moved'],
  ] as const) {
    expect(broken(before, vault(parts)).join('\n')).toContain(said);
  }
}, 120_000);

test('what comes behind the rest only adds', () => {
  const before = vault();
  for (const parts of [{ fields: `${fields} uint256 last;` }, { kinds: `${kinds}, Huge` }]) {
    const after = vault(parts);
    expect(broken(before, after)).toEqual([]);
    expect(compare(before, after)).toHaveLength(1);
  }
}, 60_000);

test('a struct whose constant names another slot is refused', () => {
  expect(() => vault({ slot: namespaceSlot('example.storage.Other') })).toThrow('has no constant with the slot of');
}, 60_000);
