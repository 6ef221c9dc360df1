// Jobs of the engine's double: trainings and calibrations, their events and files.
import { canonicalJson } from '@openledger/sdk';
import { type CalibrationJob, calibrate } from './calibration.ts';
import { checkpointOf, type Double, findJob, refuse } from './double.ts';
import { type Job, newJob, type Plan, statusOf, stepsOf, tokensOf, train } from './training.ts';

export function addJobs(double: Double): void {
  const { app, behaviour, count, jobs, lent } = double;

  app.post<{ Body: Plan }>('/v1/estimate', async (request) => ({
    trainTokens: tokensOf(request.body),
    steps: stepsOf(request.body),
    seconds: 1,
    memoryBytes: 1_000_000,
    sample: { text: 'user: a\nassistant: b', trained: [[19, 20]] },
    changes: [{ set: { batchSize: 2, accumulate: 2 }, savesBytes: 1_000 }],
    longest: 12,
    cut: 0,
    heldOut: 0,
  }));

  app.get('/v1/training', async () => ({
    reference: { rank: 8, batchSize: 4, maxLength: 128 },
    kinds: { lora: { memoryBytes: 1_000_000, tokensPerSecond: 1_000 } },
    freeBytes: 2_000_000,
  }));

  app.post<{ Body: Plan & { id: string } }>('/v1/jobs', async (request, reply) => {
    const { id, ...plan } = request.body;
    const known = jobs.get(id);
    if (!known) {
      const job = newJob(id, plan);
      jobs.set(id, job);
      void train(job, behaviour);
    } else if (canonicalJson(known.plan) !== canonicalJson(plan)) {
      return refuse(reply, 409, 'job_conflict', 'The job exists with other content.');
    }
    return reply.code(202).send(statusOf(jobs.get(id) as Job));
  });

  const calibrations = new Map<string, CalibrationJob>();
  app.get<{ Params: { id: string }; Querystring: { runs: string } }>('/v1/jobs/:id/calibration', async (request, reply) => {
    const job = jobs.get(request.params.id);
    const runs = Number(request.query.runs);
    if (!job?.result) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    if (job.rows.length < 16) return refuse(reply, 409, 'too_few_records', `${job.rows.length} records are too few to measure.`);
    const [id, records] = [`${job.id}.calibration-${runs}`, job.rows.length];
    return { id, seconds: 2 * runs, trainTokens: 100 * runs, runs, runsDone: 0, questions: 16, records };
  });
  app.post<{ Params: { id: string }; Body: { runs: number } }>('/v1/jobs/:id/calibration', async (request, reply) => {
    const job = jobs.get(request.params.id);
    if (!job?.result) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    const id = `${job.id}.calibration-${request.body.runs}`;
    count.calibrate += 1;
    const made = calibrations.get(id) ?? calibrate(id, job, request.body.runs, behaviour);
    calibrations.set(id, made);
    return reply.code(202).send(made.state());
  });
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/data', async (request, reply) =>
    reply.type('application/json').send(calibrations.get(request.params.id)?.data ?? ''),
  );
  app.get<{ Params: { id: string } }>('/v1/jobs/:id', async (request, reply) => {
    const calibration = calibrations.get(request.params.id);
    if (calibration) return calibration.state();
    const job = jobs.get(request.params.id);
    return job ? statusOf(job) : refuse(reply, 404, 'job_not_found', 'There is no such job.');
  });
  app.delete<{ Params: { id: string } }>('/v1/jobs/:id', async (request, reply) => {
    const job = jobs.get(request.params.id);
    if (!job) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    job.events.push({ seq: job.events.length, time: 0, type: 'cancelled' });
    return statusOf(job);
  });
  app.get<{ Params: { id: string }; Querystring: { from?: string } }>('/v1/jobs/:id/events', async (request, reply) => {
    const job = jobs.get(request.params.id);
    if (!job) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let next = Number(request.query.from ?? 0); !reply.raw.destroyed; ) {
      const event = job.events[next];
      if (!event) {
        await new Promise((done) => setTimeout(done, 20));
        continue;
      }
      reply.raw.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
      next += 1;
      if (['done', 'failed', 'cancelled'].includes(event.type)) break;
    }
    reply.raw.end();
  });
  const kept = (id: string) =>
    (jobs.get(id)?.events ?? [])
      .filter(({ type }) => type === 'checkpoint')
      .map(({ step }) => ({ step: Number(step), adapter: checkpointOf(id, Number(step)) }));
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/checkpoints', async (request, reply) =>
    jobs.has(request.params.id) ? kept(request.params.id) : refuse(reply, 404, 'job_not_found', 'There is no such job.'),
  );
  app.post<{ Params: { id: string; step: string } }>('/v1/jobs/:id/checkpoints/:step/lend', async (request, reply) => {
    const found = kept(request.params.id).find(({ step }) => String(step) === request.params.step);
    if (!found) return refuse(reply, 404, 'checkpoint_not_found', 'There is no such checkpoint.');
    lent.add(found.adapter);
    return found;
  });
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/index', async (request) => ({
    rows: jobs.get(request.params.id)?.rows ?? [],
  }));
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/index/rows', async (request, reply) =>
    reply
      .type('application/octet-stream')
      .send(Buffer.from(jobs.get(request.params.id)?.components.buffer ?? new ArrayBuffer(0))),
  );
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/log', async (request, reply) =>
    reply.type('application/jsonl').send((jobs.get(request.params.id)?.log ?? []).map((line) => `${line}\n`).join('')),
  );
  app.get('/v1/adapters', async () =>
    [...jobs.values()]
      .filter(({ result }) => result)
      .map(({ adapter }) => ({ id: adapter, hasIndex: !behaviour.isIndexMissing })),
  );
  app.get<{ Params: { id: string; name: string } }>('/v1/adapters/:id/files/:name', async (request, reply) => {
    const file = findJob(double, request.params.id)?.files[request.params.name];
    return file
      ? reply.type('application/octet-stream').send(file)
      : refuse(reply, 404, 'file_not_found', 'There is no such file.');
  });
}
