import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deploymentFile, ports, root, urls } from '../config.ts';
import { webServer } from './server.ts';

const config = async () => {
  const deployment = JSON.parse(await readFile(deploymentFile, 'utf8')) as { chainId: number };
  return {
    chainId: deployment.chainId,
    chainName: 'OpenLedger local',
    rpcUrl: urls.chain,
    subgraphUrl: urls.subgraph,
    gatewayUrl: urls.gateway,
    ipfsUrl: urls.ipfs,
    explorerUrl: null,
    development: deployment.chainId === 31337,
    deployment,
  };
};

const app = await webServer({ build: join(root, 'web/build'), config });
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? ports.web) });
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => app.close().then(() => process.exit(0)));
}
