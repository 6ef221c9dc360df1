// What the service's benchmarks run on: a real chain, database and IPFS node, and a double of the engine that answers
// at once. A model is trained (by the double) on 200 records, of which eight name the same function: what an answer
// usually quotes.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
import { openActors } from '../test/support/actors.ts';
import { startEngineDouble } from '../test/support/engineDouble/start.ts';
import { makeDatanet, makeModel, makeRecord, type Stage } from '../test/support/story.ts';

export const question = 'explain function7';

/** Everything but the service itself, which `start` starts with the environment made here. */
export async function openStage(changes: Record<string, string>, start: (environment: Record<string, string>) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-bench-'));
  const [postgres, anvil, engine, ipfs] = await Promise.all([
    startPostgres(),
    startAnvil(),
    startEngineDouble(),
    ipfsServer({ folder }),
  ]);
  const deploymentFile = join(folder, 'deployment.json');
  await runCommand(
    tools.forge,
    [
      'script',
      'script/Deploy.s.sol',
      '--rpc-url',
      anvil.url,
      '--broadcast',
      '--slow',
      '--private-key',
      devPrivateKey('deployer'),
    ],
    { DEPLOYMENT_OUT: deploymentFile, FOUNDRY_BROADCAST: join(folder, 'broadcast') },
  );
  await rpc(anvil.url, 'evm_setIntervalMining', [1]);
  const actors = openActors(anvil.url, deploymentSchema.parse(JSON.parse(await readFile(deploymentFile, 'utf8'))));
  const operator = await actors.newActor();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await start({
    PORT: String(port),
    OPENLEDGER_RPC_URL: anvil.url,
    OPENLEDGER_DATABASE_URL: postgres.url,
    OPENLEDGER_IPFS_URL: await ipfs.listen({ host: '127.0.0.1', port: 0 }),
    OPENLEDGER_ENGINE_URL: engine.url,
    OPENLEDGER_DEPLOYMENT: deploymentFile,
    OPENLEDGER_OPERATOR_KEY: operator.key,
    OPENLEDGER_LOG_LEVEL: 'error',
    OPENLEDGER_BATCH_SECONDS: '3600',
    ...changes,
  });
  const stage: Stage = { ...actors, operator, gateway: createGateway(url) };
  const [alice, proposer] = [await actors.newActor(), await actors.newActor()];
  const records = Array.from({ length: 200 }, (_, index) =>
    makeRecord(`explain function${index % 25}`, `purpose${index} and nothing else`),
  );
  const { modelId } = await makeModel(stage, proposer, await makeDatanet(stage, [[alice, records]]));
  return {
    stage,
    engine,
    url,
    databaseUrl: postgres.url,
    model: `model/${modelId}`,
    adapter: [...engine.jobs.values()][0]?.adapter ?? null,
    close: async () => {
      await Promise.all([engine.stop(), ipfs.close(), anvil.stop(), postgres.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
