import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from './deployment.ts';

const zeroAddress = `0x${'0'.repeat(40)}`;

export const subgraphFolder = join(import.meta.dirname, '..');

const template = (): string => readFileSync(join(subgraphFolder, 'subgraph.template.yaml'), 'utf8');

const namesIn = (pattern: RegExp): string[] => [...template().matchAll(pattern)].map((match) => match[1] ?? '');

/** Contracts that the template indexes, in its order. */
const indexedContracts = (): string[] => [...new Set(namesIn(/address: "\{\{(\w+)\}\}"/g))];

/** Contracts that the template names: those it indexes, then those it only knows of. */
function namedContracts(): string[] {
  const names = [...indexedContracts(), ...namesIn(/"\{\{(\w+)\}\}"/g)];
  return [...new Set(names)].filter((name) => name !== 'network' && name !== 'startBlock');
}

/**
 * A deployment that exists nowhere: the subgraph is compiled for it once, and its addresses are put in place of these
 * for each real deployment. Tests run on it as it is. Addresses are 0x…1001, 0x…1002 and so on, in the template's order.
 */
export function fixtureDeployment(): Deployment {
  const address = (index: number): string => `0x${(0x1001 + index).toString(16).padStart(40, '0')}`;
  return {
    chainId: 31337,
    startBlock: 0,
    contracts: Object.fromEntries(namedContracts().map((name, index) => [name, address(index)])),
  };
}

/** The template filled in; it quotes what it leaves open. */
export function renderTemplate(deployment: Deployment, network: string): string {
  return template().replace(/"\{\{(\w+)\}\}"/g, (_, name: string) => {
    if (name === 'network') return network;
    if (name === 'startBlock') return String(deployment.startBlock);
    return `'${addressOf(deployment, name)}'`;
  });
}

/** A compiled manifest of the fixture with the addresses, start block and network of a real deployment. */
export function retarget(compiled: string, deployment: Deployment, network: string): string {
  const fixture = fixtureDeployment();
  let text = compiled;
  for (const [name, placeholder] of Object.entries(fixture.contracts)) {
    text = text.replaceAll(placeholder, addressOf(deployment, name).toLowerCase());
  }
  return text.replace(/^(\s*startBlock:) .*$/gm, `$1 ${deployment.startBlock}`).replace(/^(\s*network:) .*$/gm, `$1 ${network}`);
}

function addressOf(deployment: Deployment, name: string): string {
  const address = deployment.contracts[name];
  if (address) return address;
  // What is only known of may be absent, as the faucet is where OPEN is worth something.
  if (!indexedContracts().includes(name)) return zeroAddress;
  throw new Error(`The deployment file lacks the contract ${name}, which the subgraph indexes: deploy it or name it there.`);
}
