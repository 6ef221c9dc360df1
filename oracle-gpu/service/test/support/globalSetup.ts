import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devPrivateKey } from '@openledger/sdk/dev';
import type { TestProject } from 'vitest/node';
import { tools } from '../../../../script/dev/config.ts';
import { runCommand } from '../../../../script/dev/deployment.ts';
import { rpc } from '../../../../script/dev/processes/rpc.ts';
import { startAnvil } from '../../../../script/dev/testing/anvil.ts';
import { startPostgres } from '../../../../script/dev/testing/postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    chainUrl: string;
    databaseServer: string;
    deploymentFile: string;
  }
}

/** One chain with the contracts on it, and one database server, for all integration tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-service-'));
  const [postgres, anvil] = await Promise.all([startPostgres(), startAnvil()]);
  const stop = async (): Promise<void> => {
    await Promise.all([postgres.stop(), anvil.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
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
    project.provide('chainUrl', anvil.url);
    project.provide('databaseServer', postgres.urlOf(''));
    project.provide('deploymentFile', deploymentFile);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}
