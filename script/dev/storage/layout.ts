// Where each upgradeable contract keeps what: its ERC-7201 namespaces and its ordinary variables. Slots and offsets are
// the compiler's own: a contract made for it alone holds one variable of each namespaced struct and asks for the layout.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import solc from 'solc';
import { encodeAbiParameters, keccak256, toHex } from 'viem';
import { z } from 'zod';
import { root } from '../config.ts';

export interface Member {
  label: string;
  type: string;
  slot: number;
  /** Bytes from the right end of the slot. */
  offset: number;
  bytes: number;
}

export interface Namespace {
  /** Where the struct begins, by ERC-7201's formula. */
  slot: string;
  members: Member[];
}

export interface Layout {
  contract: string;
  /** Variables that stand in no namespace, from slot 0 on. */
  ordinary: Member[];
  namespaces: Record<string, Namespace>;
  /** Structs (as members) and enums (as names) that the above are made of, which may not change their order either. */
  types: Record<string, Member[] | string[]>;
}

const node = z.looseObject({ id: z.number(), nodeType: z.string(), name: z.string().optional() });
const contractNode = z.looseObject({
  id: z.number(),
  nodeType: z.literal('ContractDefinition'),
  name: z.string(),
  abstract: z.boolean(),
  contractKind: z.string(),
  linearizedBaseContracts: z.array(z.number()),
  nodes: z.array(z.unknown()),
});
type Contract = z.infer<typeof contractNode>;
const structNode = z.looseObject({
  nodeType: z.literal('StructDefinition'),
  name: z.string(),
  documentation: z.looseObject({ text: z.string() }),
});
const constantNode = z.looseObject({
  nodeType: z.literal('VariableDeclaration'),
  constant: z.literal(true),
  value: z.looseObject({ nodeType: z.literal('Literal'), value: z.string() }),
});
const enumNode = z.looseObject({
  nodeType: z.literal('EnumDefinition'),
  canonicalName: z.string(),
  members: z.array(z.object({ name: z.string() }).loose()),
});
const entry = z.object({ label: z.string(), offset: z.number(), slot: z.string(), type: z.string() });
const storageLayout = z.object({
  storage: z.array(entry),
  types: z
    .record(
      z.string(),
      z.looseObject({
        label: z.string(),
        numberOfBytes: z.string(),
        members: z.array(entry).optional(),
        base: z.string().optional(),
        key: z.string().optional(),
        value: z.string().optional(),
      }),
    )
    .nullable(),
});
const compiled = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).optional(),
  sources: z.record(z.string(), z.object({ ast: z.looseObject({ nodes: z.array(z.unknown()) }) })),
  contracts: z.record(z.string(), z.record(z.string(), z.object({ storageLayout }))).default({}),
});

/** The slot of a namespace: keccak256(abi.encode(uint256(keccak256(name)) - 1)) without its last byte (ERC-7201). */
export function namespaceSlot(name: string): string {
  const inner = BigInt(keccak256(toHex(name))) - 1n;
  const outer = BigInt(keccak256(encodeAbiParameters([{ type: 'uint256' }], [inner])));
  return `0x${(outer & ~0xffn).toString(16).padStart(64, '0')}`;
}

/** Analyses sources without making code; seconds, where a build takes minutes. */
function analyse(sources: Record<string, { content: string }>, folder: string, libraries: string) {
  const read = (path: string) => {
    const own = join(folder, path);
    const file = existsSync(own) ? own : join(libraries, path);
    return existsSync(file) ? { contents: readFileSync(file, 'utf8') } : { error: `There is no file ${path}.` };
  };
  const settings = { outputSelection: { '*': { '': ['ast'], '*': ['storageLayout'] } } };
  const output = compiled.parse(
    JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings }), { import: read })),
  );
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  return output;
}

type Output = ReturnType<typeof analyse>;
type Types = NonNullable<z.infer<typeof storageLayout>['types']>;

const label = (types: Types, type: string) => types[type]?.label.replace(/^(struct|enum|contract) /, '') ?? type;

const memberOf = (types: Types, m: z.infer<typeof entry>): Member => ({
  label: m.label,
  type: types[m.type]?.label ?? m.type,
  slot: Number(m.slot),
  offset: m.offset,
  bytes: Number(types[m.type]?.numberOfBytes),
});

/** Every struct and enum that is reached from `type`. */
function reach(types: Types, type: string, enums: Map<string, string[]>, into: Layout['types']) {
  const t = types[type];
  if (!t) return;
  const name = label(types, type);
  for (const part of [t.base, t.key, t.value]) if (part) reach(types, part, enums, into);
  if (type.startsWith('t_enum(')) into[name] = enums.get(name) ?? [];
  if (!t.members || into[name]) return;
  into[name] = t.members.map((m) => memberOf(types, m));
  for (const m of t.members) reach(types, m.type, enums, into);
}

function contractsOf(output: Output) {
  const byId = new Map<number, { contract: Contract; file: string }>();
  const enums = new Map<string, string[]>();
  for (const [file, { ast }] of Object.entries(output.sources)) {
    for (const n of ast.nodes) {
      const contract = contractNode.safeParse(n);
      if (contract.success) byId.set(contract.data.id, { contract: contract.data, file });
      for (const part of [n, ...(contract.success ? contract.data.nodes : [])]) {
        const e = enumNode.safeParse(part);
        if (e.success)
          enums.set(
            e.data.canonicalName,
            e.data.members.map(({ name }) => name),
          );
        node.parse(part);
      }
    }
  }
  return { byId, enums };
}

/** Namespaced structs that a contract declares itself; one whose slot no constant beside it names is refused. */
function namespacesIn(contract: Contract): { namespace: string; struct: string }[] {
  const found: { namespace: string; struct: string }[] = [];
  const constants = contract.nodes.flatMap((n) => {
    const c = constantNode.safeParse(n);
    return c.success ? [c.data.value.value.toLowerCase()] : [];
  });
  for (const n of contract.nodes) {
    const struct = structNode.safeParse(n);
    if (!struct.success) continue;
    const namespace = /@custom:storage-location erc7201:(\S+)/.exec(struct.data.documentation.text)?.[1];
    if (!namespace) continue;
    if (!constants.includes(namespaceSlot(namespace))) {
      throw new Error(`${contract.name} has no constant with the slot of ${namespace}: ${namespaceSlot(namespace)}.`);
    }
    found.push({ namespace, struct: struct.data.name });
  }
  return found;
}

/**
 * Layouts of all contracts in `contracts` (relative to `folder`) that are deployed behind UUPS proxies.
 * @param folder where the sources lie; another than the project's in tests
 */
export function layouts(folder = root, contracts = 'contracts/src'): Layout[] {
  const libraries = join(root, 'node_modules');
  const files = globSync(`${contracts}/**/*.sol`, { cwd: folder }).sort();
  const sources = Object.fromEntries(files.map((file) => [file, { content: readFileSync(join(folder, file), 'utf8') }]));
  const first = contractsOf(analyse(sources, folder, libraries));
  const wanted = [...first.byId.values()]
    .filter(({ contract, file }) => file in sources && !contract.abstract && contract.contractKind === 'contract')
    .map(({ contract, file }) => ({
      contract,
      file,
      bases: contract.linearizedBaseContracts.map((id) => first.byId.get(id)).filter((base) => base !== undefined),
    }))
    .filter(({ bases }) => bases.some(({ contract }) => contract.name === 'UUPSUpgradeable'))
    .sort((a, b) => (a.contract.name < b.contract.name ? -1 : 1));

  const spaces = new Map<string, { file: string; owner: string; struct: string }>();
  for (const { bases } of wanted) {
    for (const { contract, file } of bases) {
      for (const { namespace, struct } of namespacesIn(contract)) {
        const known = spaces.get(namespace);
        if (known && known.owner !== contract.name) {
          throw new Error(`${known.owner} and ${contract.name} both keep their storage in ${namespace}.`);
        }
        spaces.set(namespace, { file, owner: contract.name, struct });
      }
    }
  }
  const order = [...spaces.keys()].sort();
  const content = [
    '// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.30;',
    ...order.map((namespace, i) => `import {${spaces.get(namespace)?.owner} as C${i}} from "${spaces.get(namespace)?.file}";`),
    'contract Layout {',
    ...order.map((namespace, i) => `C${i}.${spaces.get(namespace)?.struct} v${i};`),
    '}',
  ].join('\n');
  const second = analyse({ ...sources, 'Layout.sol': { content } }, folder, libraries);
  const { enums } = contractsOf(second);
  const probe = second.contracts['Layout.sol']?.Layout?.storageLayout;

  return wanted.map(({ contract, file, bases }) => {
    const layout: Layout = { contract: contract.name, ordinary: [], namespaces: {}, types: {} };
    const own = second.contracts[file]?.[contract.name]?.storageLayout;
    for (const m of own?.storage ?? []) {
      layout.ordinary.push(memberOf(own?.types ?? {}, m));
      reach(own?.types ?? {}, m.type, enums, layout.types);
    }
    const names = bases.flatMap((base) => namespacesIn(base.contract).map(({ namespace }) => namespace)).sort();
    for (const namespace of names) {
      const types = probe?.types ?? {};
      const variable = probe?.storage.find((m) => m.label === `v${order.indexOf(namespace)}`);
      const struct = variable && types[variable.type];
      if (!struct?.members) throw new Error(`The compiler gave no layout for ${namespace}.`);
      const members = struct.members.map((m) => memberOf(types, m));
      layout.namespaces[namespace] = { slot: namespaceSlot(namespace), members };
      for (const m of struct.members) reach(types, m.type, enums, layout.types);
    }
    layout.types = Object.fromEntries(Object.entries(layout.types).sort(([a], [b]) => (a < b ? -1 : 1)));
    return layout;
  });
}
