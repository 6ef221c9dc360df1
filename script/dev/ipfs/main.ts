import { join } from 'node:path';
import { ports, stateFolder } from '../config.ts';
import { ipfsServer } from './server.ts';

const app = await ipfsServer({ folder: join(stateFolder, 'ipfs') });
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? ports.ipfs) });
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => app.close().then(() => process.exit(0)));
}
