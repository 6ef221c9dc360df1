import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Abi, type Address, encodeAbiParameters, encodeEventTopics, getAbiItem, type Hex } from 'viem';
import { root } from '../../config.ts';

/** One log as LogEmitter takes it. */
export interface Log {
  emitter: Address;
  topics: Hex[];
  data: Hex;
}

/** Encodes events of the contracts that the subgraph indexes, as they stand in a deployment. */
export function logEncoder(contracts: Record<string, string>) {
  const abis = new Map<string, Abi>();
  const abiOf = (name: string): Abi => {
    const known = abis.get(name) ?? (JSON.parse(readFileSync(join(root, `subgraph/abis/${name}.json`), 'utf8')) as Abi);
    abis.set(name, known);
    return known;
  };
  return (contract: string, eventName: string, args: Record<string, unknown>, abiName = contract): Log => {
    const abi = abiOf(abiName);
    const event = getAbiItem({ abi, name: eventName });
    const emitter = contracts[contract];
    if (event?.type !== 'event' || !emitter) throw new Error(`${contract} has no event ${eventName} that is indexed.`);
    for (const { name = '' } of event.inputs) if (!(name in args)) throw new Error(`${eventName} lacks ${name}.`);
    const plain = event.inputs.filter(({ indexed }) => !indexed);
    return {
      emitter: emitter as Address,
      topics: encodeEventTopics({ abi, eventName, args }) as Hex[],
      data: encodeAbiParameters(
        plain,
        plain.map(({ name = '' }) => args[name]),
      ),
    };
  };
}
