import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What the subgraph takes from `deployments/<chainId>.json` (docs/interfaces.md). */
const deploymentSchema = z.object({
  chainId: z.number().int().positive(),
  startBlock: z.number().int().nonnegative(),
  contracts: z.record(z.string(), z.string().regex(/^0x[0-9a-fA-F]{40}$/)),
});

export type Deployment = z.infer<typeof deploymentSchema>;

export function readDeployment(path: string): Deployment {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new Error(`There is no readable deployment file at ${path}: deploy the contracts first.`);
  }
  const parsed = deploymentSchema.safeParse(content);
  if (!parsed.success) throw new Error(`The deployment file ${path} is not valid: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Name of a chain as graph-node is started with it (networks.json); `chain-<id>` for others. */
export function networkName(chainId: number): string {
  const names = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../networks.json'), 'utf8')));
  return names[String(chainId)] ?? `chain-${chainId}`;
}
