// A double of the engine for tests: speaks its protocol (docs/interfaces.md), knows nothing of models. Answers are
// made of the question's words, training takes milliseconds, scores count shared words. Everything it hashes is real.
import Fastify from 'fastify';
import { addAnswers } from './answers.ts';
import { addAttribution } from './attribution.ts';
import { doubleBase } from './behaviour.ts';
import { newDouble } from './double.ts';
import { addEvaluations } from './evaluations.ts';
import { addExports } from './exports.ts';
import { addJobs } from './jobs.ts';
import { addRetrieval } from './retrieval.ts';
import { addRouting } from './routing.ts';
import { hex, sha256 } from './tokens.ts';

export type EngineDouble = Awaited<ReturnType<typeof startEngineDouble>>;

export async function startEngineDouble() {
  const app = Fastify({ bodyLimit: 64 * 1024 * 1024, forceCloseConnections: true });
  const double = newDouble(app);
  app.get('/health', async () => ({
    status: 'ok',
    engine: 'double',
    engineHash: hex(sha256('double')),
    device: 'cpu',
    threads: 1,
    base: doubleBase,
  }));
  for (const add of [addAnswers, addAttribution, addEvaluations, addExports, addJobs, addRetrieval, addRouting]) add(double);

  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(url).port);
  const { behaviour, count, asked, jobs, retrieval, routes } = double;
  return { url, port, behaviour, count, asked, jobs, retrieval, routes, stop: () => app.close() };
}
