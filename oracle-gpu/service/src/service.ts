import { createAgents } from './agents/load.ts';
import { createRuns } from './agents/runs.ts';
import { openRunStore } from './agents/store.ts';
import { createFacts } from './chain/facts.ts';
import { createFidelities } from './chain/fidelity.ts';
import { openChain } from './chain/open.ts';
import { createOutbox } from './chain/outbox.ts';
import { registerOperator } from './chain/register.ts';
import { createWatcher } from './chain/watch.ts';
import type { Config } from './config.ts';
import type { Context } from './context.ts';
import { createDataAnswers } from './data/answer.ts';
import { mirrorDatanets } from './datanets/mirror.ts';
import { openRecordFiles } from './datanets/records.ts';
import { openDatabase } from './db/open.ts';
import { type Engine, openEngine } from './engine/client.ts';
import { createCharges } from './gateway/charges.ts';
import { openIpfs } from './ipfs/client.ts';
import type { Log } from './log.ts';
import { openMetrics } from './metrics.ts';
import { createMutex } from './mutex.ts';
import { openReceiptSigner } from './receipts/signer.ts';
import { openReleases } from './releases.ts';
import { repeat } from './repeat.ts';
import { createResponder } from './requests/answer.ts';
import { mirrorRequests } from './requests/mirror.ts';
import { mirrorGrants } from './retrieval/grants.ts';
import { createShelves } from './retrieval/shelves.ts';
import { attribution } from './routes/attribution.ts';
import { completions } from './routes/completions.ts';
import { datanets } from './routes/datanets.ts';
import { discussions } from './routes/discussions.ts';
import { evaluationItems } from './routes/evaluationItems.ts';
import { releaseExports } from './routes/exports.ts';
import { files as fileRoutes } from './routes/files.ts';
import { flags } from './routes/flags.ts';
import { freeAnswers } from './routes/freeAnswers.ts';
import { info } from './routes/info.ts';
import { mcp } from './routes/mcp.ts';
import { models } from './routes/models.ts';
import { openapi } from './routes/openapi.ts';
import { preview } from './routes/preview.ts';
import { receipts } from './routes/receipts.ts';
import { runs as runRoutes } from './routes/runs.ts';
import { sessions } from './routes/sessions.ts';
import { settlement } from './routes/settlement.ts';
import { sources } from './routes/sources.ts';
import { texts } from './routes/texts.ts';
import { training } from './routes/training.ts';
import { usage } from './routes/usage.ts';
import { votes } from './routes/votes.ts';
import { createRoutes } from './routing/routes.ts';
import { openServer } from './server.ts';
import { createBook } from './sessions/book.ts';
import { createKeeper } from './settlement/keeper.ts';
import { openClosedChannels } from './settlement/leaveOut.ts';
import { createSettler } from './settlement/settler.ts';
import { mirrorThresholds } from './settlement/thresholds.ts';
import { createAdoption } from './training/adopt.ts';
import { createCalibrator } from './training/calibrate.ts';
import { createEvaluator } from './training/evaluateProposal.ts';
import { createJobLog } from './training/events.ts';
import { createJobMirror } from './training/mirror.ts';
import { openTrainer } from './training/trainer.ts';

/** Starts the whole service. @returns its address and what stops it in order */
export async function startService(config: Config, log: Log, engine: Engine = openEngine(config.engineUrl)) {
  const database = await openDatabase(config.databaseUrl, log);
  const { db } = database;
  const book = createBook(db);
  const chain = await openChain(config);
  const signReceipt = openReceiptSigner(config.operatorKey, chain.receiptDomain);
  const ipfs = openIpfs(config.ipfsUrl);
  const metrics = openMetrics();
  const facts = createFacts(chain, book);
  const files = openRecordFiles(ipfs);
  const releases = openReleases({ db });
  const context: Context = {
    config,
    log,
    db,
    chain,
    book,
    signReceipt,
    charge: createCharges({ db, book, signReceipt, log }),
    facts,
    fidelities: createFidelities(chain),
    outbox: createOutbox(db, chain, log, config.stuckMs),
    ipfs,
    engine,
    metrics,
    releases,
    closed: await openClosedChannels(db, metrics),
    shelves: createShelves({ db, engine, facts, log, files }),
    routes: createRoutes({ db, engine, facts, log, files, releases }),
  };
  await context.outbox.follow();
  await registerOperator(chain, context.outbox, config, log);

  let freshen = async (): Promise<void> => undefined;
  const trainerContext = { ...context, files, freshen: () => freshen() };
  const jobLog = createJobLog(db);
  const trainer = await openTrainer(trainerContext, jobLog);
  const mirrorJobs = createJobMirror(chain.operator, jobLog);
  const changed = new Set<number>();
  const readChain = createWatcher(
    context,
    async (tx, event) => {
      await mirrorDatanets(tx, event);
      await mirrorThresholds(tx, event);
      await mirrorRequests(tx, event);
      await mirrorGrants(tx, event);
      // Whoever sees the job attested may ask its model at once, of which it may be remembered that it has no release.
      if (event.eventName === 'JobAttested') facts.forgetModel(event.args.modelId);
      const jobId = await mirrorJobs(tx, event);
      if (jobId !== undefined) changed.add(jobId);
    },
    async () => {
      for (const jobId of changed) jobLog.announce(jobId);
      changed.clear();
      await trainer.dispatch();
    },
  );
  const oneReader = createMutex();
  freshen = () => oneReader(readChain);
  const settler = createSettler(context);
  const responder = createResponder(context);
  const evaluator = createEvaluator(trainerContext);
  const loops = [
    repeat('chain', config.pollMs, log, freshen),
    repeat('settlement', config.pollMs, log, settler.tick),
    repeat('releases', config.pollMs, log, createAdoption(trainerContext)),
    repeat('retrieval', config.pollMs, log, context.shelves.tick),
    repeat('routes', 10 * config.pollMs, log, context.routes.tick),
    repeat('payouts', config.pollMs, log, createKeeper(context).tick),
    repeat('requests', config.pollMs, log, responder.tick),
    repeat('calibrations', 5 * config.pollMs, log, createCalibrator(trainerContext).tick),
    repeat('evaluations', 5 * config.pollMs, log, evaluator.tick),
    repeat('data', config.pollMs, log, createDataAnswers(context).tick),
  ];

  const agents = createAgents(context);
  const runStore = openRunStore(db);
  const broken = await runStore.closeBroken();
  if (broken > 0) log.info({ runs: broken }, 'runs that were broken off wait for their callers');

  const { app } = await openServer(context);
  info(app, context);
  completions(app, context, createRuns(context, agents, runStore));
  runRoutes(app, context);
  attribution(app, context);
  sessions(app, context);
  models(app, context, agents);
  sources(app, context);
  texts(app, context);
  usage(app, context);
  votes(app, context);
  discussions(app, context);
  openapi(app);
  mcp(app);
  flags(app, context);
  receipts(app, context);
  settlement(app, context, () => {
    settler.ask();
    loops[1]?.wake();
  });
  fileRoutes(app, context);
  datanets(app, trainerContext);
  releaseExports(app, trainerContext);
  freeAnswers(app, trainerContext);
  evaluationItems(app, trainerContext);
  preview(app, trainerContext);
  training(app, trainerContext, jobLog);
  await app.listen({ host: config.host, port: config.port });
  const address = app.server.address();
  const port = address && typeof address === 'object' ? address.port : config.port;
  log.info({ port, operator: chain.operator, chainId: chain.chainId }, 'ready');

  return {
    url: `http://${config.host}:${port}`,
    context,
    stop: async (): Promise<void> => {
      await app.close();
      responder.stop();
      evaluator.stop();
      await Promise.all(loops.map((loop) => loop.stop()));
      await trainer.stop();
      await database.close();
    },
  };
}
