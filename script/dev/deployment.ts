import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { devPrivateKey } from '../../sdk/src/dev/accounts.ts';
import { deploymentFile, root, stateFolder, tools, urls } from './config.ts';
import { rpc } from './processes/rpc.ts';

interface Deployment {
  chainId: number;
  startBlock: number;
  contracts: Record<string, `0x${string}`>;
}

/** Runs a command in the project's folder. Rejects with the end of its output. */
export function runCommand(command: string, args: string[], env: Record<string, string> = {}, cwd = root): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', failed);
    child.on('exit', (code) => (code === 0 ? done(output) : failed(new Error(`${command} failed:\n${output.slice(-4000)}`))));
  });
}

/** Whether the contracts of the deployment file are on the chain that runs now. */
export async function isDeployed(): Promise<boolean> {
  if (!existsSync(deploymentFile)) return false;
  const deployment = JSON.parse(await readFile(deploymentFile, 'utf8')) as Deployment;
  const code = await rpc<string>(urls.chain, 'eth_getCode', [deployment.contracts.Settlement, 'latest']);
  return code.length > 2;
}

/** Deploys the contracts and writes the deployment file. */
export async function deployContracts(): Promise<void> {
  await mkdir(dirname(deploymentFile), { recursive: true });
  // forge may write below the project only; the state may lie elsewhere.
  const written = join(root, `.openledger/deployments/new-${process.pid}.json`);
  await mkdir(dirname(written), { recursive: true });
  await runCommand(
    tools.forge,
    ['script', 'script/Deploy.s.sol', '--rpc-url', urls.chain, '--broadcast', '--private-key', devPrivateKey('deployer')],
    { DEPLOYMENT_OUT: written, FOUNDRY_BROADCAST: join(stateFolder, 'broadcast') },
  );
  await copyFile(written, deploymentFile);
  await rm(written);
}
