import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import compress from '@fastify/compress';
import fastifyStatic from '@fastify/static';
import Fastify from 'fastify';

export interface WebOptions {
  /** Folder of the static build. */
  build: string;
  /** What `/config.json` answers, read anew for each request. */
  config: () => Promise<object>;
}

/** Serves the static build: files by their name, every other path as the app's page, and the configuration. */
export async function webServer({ build, config }: WebOptions) {
  const app = Fastify();
  await app.register(compress, { threshold: 1024 });
  app.get('/config.json', async (_request, reply) => reply.header('cache-control', 'no-store').send(await config()));
  await app.register(fastifyStatic, {
    root: resolve(build),
    cacheControl: false,
    setHeaders: (reply, path) => {
      // Files under _app/immutable carry a hash in their name; all others may change with the next build.
      const immutable = path.includes('/_app/immutable/');
      reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('x-content-type-options', 'nosniff');
      reply.header('x-frame-options', 'DENY');
      reply.header('referrer-policy', 'no-referrer');
    },
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    if (request.method !== 'GET' || /\.[a-z0-9]+$/i.test(path)) return reply.code(404).send({ error: `${path} is not here.` });
    const page = await readFile(resolve(build, 'index.html')).catch(() => undefined);
    if (!page) return reply.code(503).send({ error: 'The web app is not built: run `npm run build -w web`.' });
    return reply.type('text/html').header('cache-control', 'no-cache').send(page);
  });
  return app;
}
