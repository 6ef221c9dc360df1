import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { ServiceError } from '../errors.ts';

/** Whether an address is one of the public Internet: not of a machine, a local or a reserved network. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === 'unicast'; // an IPv4 address within an IPv6 one counts as what it is
}

type Resolve = (host: string) => Promise<{ address: string; family: number }[]>;
const resolveAll: Resolve = (host) => lookup(host, { all: true });

/**
 * The addresses of a host, all of which must be public: a name may have several, and who connects may choose any.
 * @throws 403 `tool_refused` for a local one
 */
export async function publicAddresses(host: string, resolve = resolveAll): Promise<{ address: string; family: number }[]> {
  const bare = host.replace(/^\[|\]$/g, '');
  const found = ipaddr.isValid(bare)
    ? [{ address: bare, family: ipaddr.parse(bare).kind() === 'ipv6' ? 6 : 4 }]
    : await resolve(bare);
  const local = found.find(({ address }) => !isPublic(address));
  if (local || found.length === 0) throw refusedAddress(host);
  return found;
}

export const refusedAddress = (host: string): ServiceError =>
  new ServiceError(
    403,
    'tool_refused',
    `The tool's server ${host} lies in a local network, where agents may not reach unless their manifest says localNetwork and this operator allows it.`,
    { host },
  );
