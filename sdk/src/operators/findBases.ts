import type { Address, Hex } from 'viem';
import type { z } from 'zod';
import type { Deployment } from '../deployment/deployment.ts';
import { createGateway } from '../gateway/createGateway.ts';
import type { Fetch } from '../gateway/gatewayRequest.ts';
import type { baseSchema, TrainingOffer } from '../gateway/schemas.ts';
import { type EndpointsClient, readEndpoints } from './endpoints.ts';

/** An operator that trains on a base now. */
export type BaseOffer = TrainingOffer & { operator: Address; url: string };

/** A base model and who trains on it, the cheapest first, and of equally cheap ones the fastest. */
export type OfferedBase = z.infer<typeof baseSchema> & { offers: BaseOffer[] };

/** Longest that an operator may take to say what it trains on, ms. */
const patience = 6_000;

/**
 * Finds the bases that active operators train on. `known` are addresses to ask beside those on chain, such as the service
 * that an app is configured with. Operators that do not answer in time, or train nothing, are left out.
 */
export async function findBases(
  client: EndpointsClient,
  deployment: Deployment,
  known: readonly string[] = [],
  send: Fetch = globalThis.fetch,
): Promise<OfferedBase[]> {
  const onChain = await readEndpoints(client, deployment).catch((error: unknown) => {
    if (known.length === 0) throw error;
    return new Map<Address, string>();
  });
  const urls = new Set([...known, ...onChain.values()].map((url) => url.replace(/\/$/, '')));
  const answers = await Promise.all([...urls].map((url) => ask(url, send).catch(() => [])));
  const found = new Map<Hex, OfferedBase>();
  const seen = new Set<string>();
  for (const { base, offer } of answers.flat()) {
    // One service may be known by two addresses.
    const key = `${base.id}:${offer.operator}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const entry = found.get(base.id) ?? { ...base, offers: [] };
    entry.offers.push(offer);
    found.set(base.id, entry);
  }
  for (const { offers } of found.values()) offers.sort(byPriceThenSpeed);
  return [...found.values()].sort((a, b) => a.parameters - b.parameters);
}

async function ask(url: string, send: Fetch): Promise<{ base: z.infer<typeof baseSchema>; offer: BaseOffer }[]> {
  const gateway = createGateway(url, (input, init) => send(input, { ...init, signal: AbortSignal.timeout(patience) }));
  const [{ operator }, bases] = await Promise.all([gateway.info(), gateway.bases()]);
  return bases.flatMap((base) => (base.training ? [{ base, offer: { ...base.training, operator, url } }] : []));
}

function byPriceThenSpeed(a: BaseOffer, b: BaseOffer): number {
  if (a.price !== b.price) return a.price < b.price ? -1 : 1;
  return (b.kinds.lora?.tokensPerSecond ?? 0) - (a.kinds.lora?.tokensPerSecond ?? 0);
}
