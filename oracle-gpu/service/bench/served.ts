// The service under load (bench/gateway.ts starts it, pinned to one core), with a null engine: what the engine answered
// to a request once is answered again from memory, so that the time measured is the gateway's alone.
import { readConfig } from '../src/config.ts';
import { type Engine, type GenerateEvent, openEngine } from '../src/engine/client.ts';
import { openLog } from '../src/log.ts';
import { startService } from '../src/service.ts';

function recalled<Body, Answer>(ask: (body: Body) => Promise<Answer>): (body: Body) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  return (body) => {
    const key = JSON.stringify(body);
    const known = answers.get(key) ?? ask(body);
    answers.set(key, known);
    return known;
  };
}

function nullEngine(engine: Engine): Engine {
  const generated = recalled(async (request: Parameters<Engine['generate']>[0]): Promise<GenerateEvent[]> => {
    const events: GenerateEvent[] = [];
    for await (const event of engine.generate(request, new AbortController().signal)) events.push(event);
    return events;
  });
  return {
    ...engine,
    tokenize: recalled((messages) => engine.tokenize(messages)),
    attribute: recalled((request) => engine.attribute(request)),
    async *generate(request) {
      yield* await generated(request);
    },
  };
}

const config = readConfig(process.env);
const service = await startService(config, openLog(config.logLevel), nullEngine(openEngine(config.engineUrl)));
process.on('SIGTERM', () => void service.stop().finally(() => process.exit(0)));
process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heap: process.memoryUsage().heapUsed, resident: process.memoryUsage().rss, cpu: process.cpuUsage() });
});
process.send?.('ready');
