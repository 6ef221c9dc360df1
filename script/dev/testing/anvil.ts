import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tools } from '../config.ts';
import { freePort } from './freePort.ts';

/** A development chain of one's own for a test: mines at each transaction unless `blockTime` (seconds) is given. */
export async function startAnvil(options: { blockTime?: number; state?: string; port?: number } = {}) {
  const port = options.port ?? (await freePort());
  const args = ['--network', 'optimism', '--host', '127.0.0.1', '--port', String(port), '--accounts', '15', '--quiet'];
  args.push('--gas-limit', '150000000'); // as the chain of the local stack
  if (options.blockTime) args.push('--block-time', String(options.blockTime));
  if (options.state) args.push('--state', options.state);
  const child = spawn(tools.anvil, args, { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    const up = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }),
    }).then(
      (response) => response.ok,
      () => false,
    );
    if (up) break;
    if (attempt > 100 || child.exitCode !== null) throw new Error(`anvil did not start on port ${port}`);
    await new Promise((wait) => setTimeout(wait, 100));
  }
  return {
    url,
    port,
    stop: async () => {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
    },
  };
}
