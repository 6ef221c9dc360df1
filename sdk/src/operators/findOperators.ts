import type { Address } from 'viem';
import { z } from 'zod';
import type { Deployment } from '../deployment/deployment.ts';
import { createGateway } from '../gateway/createGateway.ts';
import type { Fetch } from '../gateway/gatewayRequest.ts';
import { type EndpointsClient, readEndpoints } from './endpoints.ts';

/** An operator that answers for a model now. */
export type ModelOperator = {
  operator: Address;
  /** Of its service. */
  url: string;
  /** Wei per token; they follow from the model's terms, so they differ only while an operator is behind the chain. */
  prices: { prompt: bigint; completion: bigint };
  /** Time of a short request, best of two, ms. */
  latency: number;
};

const pricesSchema = z.looseObject({ prompt: z.coerce.bigint(), completion: z.coerce.bigint() });
/** Longest that an operator may take to say what it serves, ms. */
const patience = 3_000;

/**
 * Finds the active operators that serve a model (`model/<id>`, or a release hash), the cheapest first, and of equally
 * cheap ones the nearest. Those that do not answer in time, or do not serve it, are left out.
 */
export async function findOperators(
  client: EndpointsClient,
  deployment: Deployment,
  model: string,
  send: Fetch = globalThis.fetch,
): Promise<ModelOperator[]> {
  const endpoints = await readEndpoints(client, deployment);
  const found = await Promise.all(
    [...endpoints].map(([operator, url]) => probe(operator, url, model, send).catch(() => undefined)),
  );
  return found.filter((one) => one !== undefined).sort(byPriceThenLatency);
}

async function probe(operator: Address, url: string, model: string, send: Fetch): Promise<ModelOperator | undefined> {
  const gateway = createGateway(url, (input, init) => send(input, { ...init, signal: AbortSignal.timeout(patience) }));
  const { data } = await gateway.models();
  const served = data.find(({ id, openledger }) => id === model || openledger.releaseHash === model);
  if (!served) return undefined;
  const { prompt, completion } = pricesSchema.parse(served.openledger.prices);
  let latency = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const began = performance.now();
    const info = await gateway.info();
    if (info.operator.toLowerCase() !== operator.toLowerCase()) return undefined; // somebody else's endpoint
    latency = Math.min(latency, performance.now() - began);
  }
  return { operator, url, prices: { prompt, completion }, latency };
}

function byPriceThenLatency(a: ModelOperator, b: ModelOperator): number {
  const [cost, other] = [a, b].map(({ prices }) => prices.prompt + prices.completion) as [bigint, bigint];
  if (cost !== other) return cost < other ? -1 : 1;
  return a.latency - b.latency;
}
