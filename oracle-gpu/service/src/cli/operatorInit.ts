import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { formatEther } from 'viem';
import { type Chain, openChain } from '../chain/open.ts';
import { createOutbox } from '../chain/outbox.ts';
import { plannedStake, registerOperator } from '../chain/register.ts';
import { type Config, readConfig } from '../config.ts';
import { openDatabase } from '../db/open.ts';
import { type Engine, openEngine } from '../engine/client.ts';
import { sentence } from '../errors.ts';
import { openIpfs } from '../ipfs/client.ts';
import { openLog } from '../log.ts';

type Print = (text: string) => void;

/** What a service, its database and a small model need beside each other, GiB. */
const needed = { memory: 2, disk: 5 };
/** The least ether for registering and some batches, wei. */
const leastEther = 10n ** 16n;
/** How long the self-test's answer is, tokens. */
const answerTokens = 16;

/**
 * Makes this machine an operator's: checks all that its service needs, registers the account with stake, and has the engine
 * answer once. Throws one sentence that says what to do; may be run again at any time.
 * @param isAgreed whether the stake may be sent without asking
 */
export async function operatorInit(
  environment: Record<string, string | undefined>,
  isAgreed: boolean,
  print: Print,
): Promise<boolean> {
  const config = readConfig(environment);
  await checkMachine(print);
  const chain = await openChain(config);
  print(`✓ chain ${chain.chainId} at ${config.rpcUrl}`);
  if (!(await openIpfs(config.ipfsUrl).isAlive()))
    throw new Error(`No IPFS node answers at ${config.ipfsUrl}: start one, or set OPENLEDGER_IPFS_URL.`);
  print(`✓ IPFS at ${config.ipfsUrl}`);
  const engine = openEngine(config.engineUrl);
  await checkEngine(engine, config, print);
  const log = openLog('error');
  const database = await openDatabase(config.databaseUrl, log, 'refuse').catch((error: unknown) => {
    throw new Error(`The database cannot be used: ${sentence(error)}`);
  });
  try {
    print('✓ database, its tables up to date');
    await stake(chain, isAgreed, print, () => registerOperator(chain, createOutbox(database.db, chain, log), config, log));
  } finally {
    await database.close();
  }
  await answerOnce(engine, print);
  print(`\nThis machine is ready. Start its service: it will answer at ${config.endpoint}.`);
  return true;
}

async function checkMachine(print: Print): Promise<void> {
  const gib = 2 ** 30;
  const { bavail, bsize } = await statfs('.');
  const [memory, disk] = [freemem() / gib, (bavail * bsize) / gib];
  const found = `${availableParallelism()} cores, ${memory.toFixed(1)} GiB of memory and ${disk.toFixed(0)} GiB of disk free`;
  if (memory < needed.memory || disk < needed.disk)
    throw new Error(
      `An operator needs ${needed.memory} GiB of memory and ${needed.disk} GiB of disk; this machine has ${found}.`,
    );
  print(`✓ machine: ${found}, Node ${process.versions.node}`);
}

async function checkEngine(engine: Engine, { engineUrl }: Config, print: Print): Promise<void> {
  const { status, device, base } = await engine.health().catch(() => {
    throw new Error(`No engine answers at ${engineUrl}: start \`openlora serve\`, or set OPENLEDGER_ENGINE_URL.`);
  });
  if (status !== 'ok' || !base) throw new Error(`The engine at ${engineUrl} is still loading its model: try again in a minute.`);
  print(`✓ engine: ${base.name} on ${device ?? 'an unnamed device'}`);
}

async function stake(chain: Chain, isAgreed: boolean, print: Print, register: () => Promise<void>): Promise<void> {
  const { client, contracts, account } = chain;
  const ether = await client.getBalance({ address: account.address });
  if (ether < leastEther)
    throw new Error(
      `The operator ${account.address} has ${formatEther(ether)} ether: send it at least ${formatEther(leastEther)} for gas.`,
    );
  const amount = await plannedStake(chain);
  if (amount === 0n) {
    print(`✓ operator ${account.address} is registered and active`);
    return;
  }
  const unbonding = await client.readContract({ ...contracts.operators, functionName: 'unbondingPeriod' });
  const what = `${formatEther(amount)} OPEN of ${account.address}; they come back ${unbonding} s after you unbond them, less what is proven against you`;
  if (!isAgreed && !(await agrees(`Stake ${what}?`)))
    throw new Error('Nothing was staked: run it again with --yes once you agree.');
  await register();
  print(`✓ registered and staked ${what}`);
}

async function agrees(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

/** The engine's base model answers, as it will answer callers. */
async function answerOnce(engine: Engine, print: Print): Promise<void> {
  const began = performance.now();
  const request = { maxTokens: answerTokens, temperature: 0, topP: 1, seed: 1, stop: [] };
  const messages = [{ role: 'user', content: 'Say that you are ready.' }];
  let text = '';
  let tokens = 0;
  for await (const event of engine.generate({ adapter: null, messages, ...request }, AbortSignal.timeout(120_000))) {
    if (event.type === 'token') {
      text += event.text;
      tokens += 1;
    }
  }
  if (tokens === 0) throw new Error('The engine gave an empty answer: look at its log.');
  const seconds = (performance.now() - began) / 1000;
  print(`✓ self-test: ${tokens} tokens in ${seconds.toFixed(1)} s: ${JSON.stringify(text.trim())}`);
}
