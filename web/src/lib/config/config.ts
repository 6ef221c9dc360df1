import { type Address, isAddress } from 'viem';
import { z } from 'zod';

/** Contracts this app talks to, by the names of the deployment file. */
const CONTRACTS = [
  'OpenToken',
  'DatanetRegistry',
  'NamedReviewers',
  'AccessGrants',
  'ModelRegistry',
  'TrainingJobs',
  'ModelProposals',
  'AgentRegistry',
  'ReleaseFidelity',
  'OperatorRegistry',
  'FraudProofs',
  'Jury',
  'PaymentEscrow',
  'Settlement',
  'RewardPool',
  'FeePolicy',
  'ContributionVotes',
  'VotingPower',
  'Treasury',
  'ModelMarket',
  'Ratings',
  'EvaluationRounds',
  'Lineage',
] as const;

export type ContractName = (typeof CONTRACTS)[number];

const address = z.custom<Address>((value) => typeof value === 'string' && isAddress(value, { strict: false }), 'not an address');

const schema = z.object({
  chainId: z.number().int().positive(),
  chainName: z.string().min(1),
  rpcUrl: z.url(),
  subgraphUrl: z.url(),
  gatewayUrl: z.url(),
  ipfsUrl: z.url(),
  explorerUrl: z.url().nullable().default(null),
  development: z.boolean().default(false),
  deployment: z.object({
    chainId: z.number().int(),
    startBlock: z.number().int().nonnegative(),
    deployedAt: z.number().int().nonnegative().default(0),
    clocks: z.record(z.string(), z.number()).default({}),
    contracts: z
      .record(z.string(), address)
      .refine((contracts) => CONTRACTS.every((name) => name in contracts), 'a contract of the protocol is missing')
      .transform((contracts) => contracts as Record<string, Address> & Record<ContractName, Address>),
  }),
});

export type Config = z.infer<typeof schema>;

/** Checks what `/config.json` says. Throws a sentence that names the first field that is wrong. */
export function parseConfig(value: unknown): Config {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Error(`/config.json: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'cannot be read'}.`);
}

/** How long to wait for the configuration, in milliseconds. */
const PATIENCE = 10_000;

/** Reads the configuration of the network this build is served for. */
export async function loadConfig(fetcher: typeof fetch): Promise<Config> {
  const response = await fetcher('/config.json', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw new Error(`/config.json answered ${response.status}: start the web server with its configuration.`);
  return parseConfig(await response.json());
}
