import { readFileSync } from 'node:fs';
import { type Deployment, deploymentSchema } from '@openledger/sdk';
import type { Hex } from 'viem';
import { z } from 'zod';

const seconds = z.coerce.number().positive();
const count = z.coerce.number().int().positive();

const environmentSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8200),
  HOST: z.string().default('127.0.0.1'),
  OPENLEDGER_RPC_URL: z.url(),
  OPENLEDGER_DATABASE_URL: z.string().startsWith('postgres'),
  OPENLEDGER_IPFS_URL: z.url(),
  OPENLEDGER_ENGINE_URL: z.url(),
  OPENLEDGER_DEPLOYMENT: z.string().min(1),
  OPENLEDGER_OPERATOR_KEY: z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value)),
  /** Where callers reach this service, as registered on chain. */
  OPENLEDGER_ENDPOINT: z.url().optional(),
  OPENLEDGER_LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  OPENLEDGER_BATCH_SECONDS: seconds.default(20),
  OPENLEDGER_BATCH_RECEIPTS: count.default(1024),
  OPENLEDGER_MAX_TOKENS: count.default(512),
  OPENLEDGER_CALLS_PER_KEY: count.default(4),
  OPENLEDGER_UPLOADS_PER_MINUTE: count.default(60),
  /** Requests for embeddings and token counts that one key may send: nothing is charged for them. */
  OPENLEDGER_TEXTS_PER_MINUTE: count.default(120),
  /** Files that one address may have looked at before contributing them: each costs the engine a gradient a record. */
  OPENLEDGER_PREVIEWS_PER_MINUTE: count.default(6),
  /** Answers that nobody pays for, of the base or of a training under way, that one key may ask for. */
  OPENLEDGER_FREE_ANSWERS_PER_MINUTE: count.default(12),
  /** Exports that one address may ask for: each loads the base twice. */
  OPENLEDGER_EXPORTS_PER_MINUTE: count.default(6),
  /** Whether this operator offers to do training jobs; it serves models in any case. */
  OPENLEDGER_TRAINS: z.enum(['yes', 'no']).default('yes'),
  /** Model that answers a call which leaves the choice open and is near none; without one such a call is refused. */
  OPENLEDGER_DEFAULT_MODEL: z
    .string()
    .regex(/^model\/\d{1,10}$/)
    .optional(),
  /** Price of fine-tuning, wei per trained token. */
  OPENLEDGER_TRAINING_PRICE: z.coerce
    .bigint()
    .nonnegative()
    .default(10n ** 14n),
  /** Shortest time promised for a training job, seconds. */
  OPENLEDGER_TRAINING_SECONDS: count.default(2400),
  /** After this long in no block a transaction is sent again with higher fees. */
  OPENLEDGER_STUCK_SECONDS: seconds.default(30),
  /** Least that is worth the gas of paying it out to an account that asked for it, wei. */
  OPENLEDGER_PAYOUT_MINIMUM: z.coerce
    .bigint()
    .nonnegative()
    .default(10n ** 16n),
  /** Least that a request on chain must be ready to pay, so that it is worth the gas of accepting and answering it, wei. */
  OPENLEDGER_REQUEST_MINIMUM: z.coerce
    .bigint()
    .nonnegative()
    .default(10n ** 16n),
  /** Least time before its deadline in which a request on chain is still accepted, seconds. */
  OPENLEDGER_REQUEST_SECONDS: seconds.default(15),
  /** Least that is asked for by x402's `exact` scheme, since taking a payment costs this operator a transaction, wei. */
  OPENLEDGER_PAYMENT_MINIMUM: z.coerce
    .bigint()
    .nonnegative()
    .default(10n ** 16n),
  /** Whether tools of agents may lie in this operator's own network, where their manifest says that they do. */
  OPENLEDGER_AGENT_LOCAL_NETWORK: z.enum(['yes', 'no']).default('no'),
  /** Most time that one call of an agent's tool takes. */
  OPENLEDGER_AGENT_TOOL_SECONDS: seconds.default(30),
  OPENLEDGER_POLL_SECONDS: seconds.default(1),
});

export type Config = ReturnType<typeof readConfig>;

/** Reads everything that the service is told from outside. Throws one sentence that names the variable to set. */
export function readConfig(environment: Record<string, string | undefined>) {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))].join(', ');
    throw new Error(`Set ${names} to what docs/interfaces.md says: missing or not understood.`);
  }
  const e = parsed.data;
  return {
    port: e.PORT,
    host: e.HOST,
    rpcUrl: e.OPENLEDGER_RPC_URL,
    databaseUrl: e.OPENLEDGER_DATABASE_URL,
    ipfsUrl: e.OPENLEDGER_IPFS_URL,
    engineUrl: e.OPENLEDGER_ENGINE_URL.replace(/\/$/, ''),
    operatorKey: e.OPENLEDGER_OPERATOR_KEY,
    endpoint: e.OPENLEDGER_ENDPOINT ?? `http://${e.HOST}:${e.PORT}`,
    logLevel: e.OPENLEDGER_LOG_LEVEL,
    defaultModel: e.OPENLEDGER_DEFAULT_MODEL,
    deployment: readDeployment(e.OPENLEDGER_DEPLOYMENT),
    batch: { maxAge: e.OPENLEDGER_BATCH_SECONDS, maxReceipts: e.OPENLEDGER_BATCH_RECEIPTS },
    limits: {
      maxTokens: e.OPENLEDGER_MAX_TOKENS,
      callsPerKey: e.OPENLEDGER_CALLS_PER_KEY,
      uploadsPerMinute: e.OPENLEDGER_UPLOADS_PER_MINUTE,
      previewsPerMinute: e.OPENLEDGER_PREVIEWS_PER_MINUTE,
      textsPerMinute: e.OPENLEDGER_TEXTS_PER_MINUTE,
      freeAnswersPerMinute: e.OPENLEDGER_FREE_ANSWERS_PER_MINUTE,
      exportsPerMinute: e.OPENLEDGER_EXPORTS_PER_MINUTE,
    },
    training: {
      isOffered: e.OPENLEDGER_TRAINS === 'yes',
      pricePerToken: e.OPENLEDGER_TRAINING_PRICE,
      minimumSeconds: e.OPENLEDGER_TRAINING_SECONDS,
    },
    stuckMs: e.OPENLEDGER_STUCK_SECONDS * 1000,
    payments: { minimum: e.OPENLEDGER_PAYMENT_MINIMUM },
    keeper: { minimum: e.OPENLEDGER_PAYOUT_MINIMUM },
    requests: { minimum: e.OPENLEDGER_REQUEST_MINIMUM, seconds: e.OPENLEDGER_REQUEST_SECONDS },
    agents: { isLocalNetworkAllowed: e.OPENLEDGER_AGENT_LOCAL_NETWORK === 'yes', toolMs: e.OPENLEDGER_AGENT_TOOL_SECONDS * 1000 },
    pollMs: e.OPENLEDGER_POLL_SECONDS * 1000,
  };
}

/** Throws one sentence when the file is missing. */
export function readDeployment(path: string): Deployment {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Error(`There is no deployment at ${path}: deploy the contracts first, or set OPENLEDGER_DEPLOYMENT.`);
  }
  return deploymentSchema.parse(JSON.parse(text));
}
