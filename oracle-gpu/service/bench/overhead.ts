// What the gateway adds to a call beyond generation: session and voucher check, money set aside, receipt computed,
// stored and signed. A real chain, database and IPFS node; the engine is a double that answers at once, so that the
// engine's own time, taken alone in the same run, can be subtracted call by call.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, deploymentSchema } from '@openledger/sdk';
import { devPrivateKey } from '@openledger/sdk/dev';
import { tools } from '../../../script/dev/config.ts';
import { runCommand } from '../../../script/dev/deployment.ts';
import { ipfsServer } from '../../../script/dev/ipfs/server.ts';
import { rpc } from '../../../script/dev/processes/rpc.ts';
import { startAnvil } from '../../../script/dev/testing/anvil.ts';
import { freePort } from '../../../script/dev/testing/freePort.ts';
import { startPostgres } from '../../../script/dev/testing/postgres.ts';
import { readConfig } from '../src/config.ts';
import { openLog } from '../src/log.ts';
import { startService } from '../src/service.ts';
import { openActors } from '../test/support/actors.ts';
import { startEngineDouble } from '../test/support/engineDouble.ts';
import { makeDatanet, makeModel, makeRecord, makeSession, type Stage } from '../test/support/story.ts';

const warmUp = 50;
const rounds = 300;
const goal = 5; // ms at the median

const folder = await mkdtemp(join(tmpdir(), 'openledger-overhead-'));
const [postgres, anvil, engine, ipfs] = await Promise.all([
  startPostgres(),
  startAnvil(),
  startEngineDouble(),
  ipfsServer({ folder }),
]);
const deploymentFile = join(folder, 'deployment.json');
await runCommand(
  tools.forge,
  ['script', 'script/Deploy.s.sol', '--rpc-url', anvil.url, '--broadcast', '--slow', '--private-key', devPrivateKey('deployer')],
  { DEPLOYMENT_OUT: deploymentFile, FOUNDRY_BROADCAST: join(folder, 'broadcast') },
);
await rpc(anvil.url, 'evm_setIntervalMining', [1]);
const actors = openActors(anvil.url, deploymentSchema.parse(JSON.parse(await readFile(deploymentFile, 'utf8'))));
const operator = await actors.newActor();
const service = await startService(
  readConfig({
    PORT: String(await freePort()),
    OPENLEDGER_RPC_URL: anvil.url,
    OPENLEDGER_DATABASE_URL: postgres.url,
    OPENLEDGER_IPFS_URL: await ipfs.listen({ host: '127.0.0.1', port: 0 }),
    OPENLEDGER_ENGINE_URL: engine.url,
    OPENLEDGER_DEPLOYMENT: deploymentFile,
    OPENLEDGER_OPERATOR_KEY: operator.key,
    OPENLEDGER_LOG_LEVEL: 'error',
    OPENLEDGER_BATCH_SECONDS: '3600',
  }),
  openLog('error'),
);

const stage: Stage = { ...actors, operator, gateway: createGateway(service.url) };
const [alice, proposer, caller] = [await actors.newActor(), await actors.newActor(), await actors.newActor()];
// Of 200 records, the eight that name the same function score above the threshold: what an answer usually quotes.
const records = Array.from({ length: 200 }, (_, index) =>
  makeRecord(`explain function${index % 25}`, `purpose${index} and nothing else`),
);
const datanet = await makeDatanet(stage, [[alice, records]]);
const { modelId } = await makeModel(stage, proposer, datanet);
const { apiKey } = await makeSession(stage, caller, { ceiling: 500n * 10n ** 18n });
const adapter = [...engine.jobs.values()][0]?.adapter ?? null;

const messages = [{ role: 'user', content: 'explain function7' }];
const post = async (url: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.headers.get('content-type')?.includes('json') ? response.json() : response.text();
};
const throughGateway = () =>
  post(
    `${service.url}/v1/chat/completions`,
    { model: `model/${modelId}`, messages, max_tokens: 16, temperature: 0 },
    { authorization: `Bearer ${apiKey}` },
  );
/** The same three questions to the engine that the gateway asks. */
const engineAlone = async (): Promise<void> => {
  await post(`${engine.url}/v1/tokenize`, { messages });
  const stream = String(
    await post(`${engine.url}/v1/generate`, { adapter, messages, maxTokens: 16, temperature: 0, topP: 1, seed: 0, stop: [] }),
  );
  const done = JSON.parse(stream.split('event: done\ndata: ')[1] ?? '{}') as { promptTokenIds: number[]; tokenIds: number[] };
  await post(`${engine.url}/v1/attribute`, { adapter, promptTokenIds: done.promptTokenIds, tokenIds: done.tokenIds, top: 32 });
};
type Spent = { wall: number; cpu: number }; // ms; cpu of this process: service and double, without database and chain
const time = async (work: () => Promise<unknown>): Promise<Spent> => {
  const start = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - start, cpu: (user + system) / 1000 };
};

const overheads: Spent[] = [];
for (let round = 0; round < warmUp + rounds; round += 1) {
  const alone = await time(engineAlone);
  const whole = await time(throughGateway);
  if (round >= warmUp) overheads.push({ wall: whole.wall - alone.wall, cpu: whole.cpu - alone.cpu });
}
const at = (share: number, of: keyof Spent): number => {
  const sorted = overheads.map((spent) => spent[of]).sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 100) / 100;
};
const median = at(0.5, 'wall');

console.log(
  `load of the machine: ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores (above one a core, times are those of a crowd)`,
);
console.log(
  `gateway overhead over ${rounds} calls: median ${median} ms, 95 % ${at(0.95, 'wall')} ms; processor time ${at(0.5, 'cpu')} ms`,
);
const measures = [
  { measure: 'gateway_overhead_p95_ms', value: at(0.95, 'wall'), unit: 'ms' },
  { measure: 'gateway_overhead_cpu_ms', value: at(0.5, 'cpu'), unit: 'ms' },
  { measure: 'gateway_overhead_ms', value: median, unit: 'ms', goal: `<=${goal}`, ok: median <= goal },
];
for (const measure of measures) console.log(JSON.stringify({ bench: 'loop', ...measure }));

await service.stop();
await Promise.all([engine.stop(), ipfs.close(), anvil.stop(), postgres.stop()]);
await rm(folder, { recursive: true, force: true });
process.exit(0);
