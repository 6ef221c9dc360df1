// Evaluations of the engine's double: the base repeats the question, an adapter also knows what is expected.
import { hashJson } from '@openledger/sdk';
import { doubleBase } from './behaviour.ts';
import { type Double, findJob, refuse } from './double.ts';
import type { JobRecord } from './training.ts';

type Body = { adapters: string[]; items: JobRecord[]; maxTokens: number };

export function addEvaluations(double: Double): void {
  const { app, behaviour } = double;
  const asked = new Map<string, Body>();

  app.post<{ Body: Body }>('/v1/evaluations', async (request, reply) => {
    const unknown = request.body.adapters.find((adapter) => !findJob(double, adapter));
    if (unknown) return refuse(reply, 404, 'adapter_not_found', `There is no adapter ${unknown}.`);
    const id = hashJson(request.body);
    asked.set(id, request.body);
    return reply.code(202).send({ id, status: 'queued' });
  });
  app.get<{ Params: { id: string } }>('/v1/evaluations/:id', async (request, reply) => {
    const { id } = request.params;
    const found = asked.get(id);
    if (!found) return refuse(reply, 404, 'evaluation_not_found', 'There is no such evaluation.');
    if (behaviour.failEvaluation) return { id, status: 'failed', error: { message: behaviour.failEvaluation } };
    const models = [null, ...found.adapters].map((adapter, place) => ({
      adapter,
      loss: 3 - place,
      perplexity: Math.exp(3 - place),
      exactMatch: place === 0 ? 0 : 1,
      rougeL: place === 0 ? 0.2 : 1,
    }));
    const rows = found.items.map(({ recordId, messages: [question, expected] }) => ({
      recordId,
      answers: models.map(({ adapter }) => (adapter === null ? question?.content : expected?.content) ?? ''),
    }));
    return { id, status: 'done', result: { baseModel: doubleBase.id, models, rows } };
  });
}
