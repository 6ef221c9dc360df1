import { join } from 'node:path';
import { openLog } from './log.ts';
import { pidFolder } from './pids.ts';
import { type Service, type ServiceSpec, superviseService } from './service.ts';

export interface SupervisorOptions {
  stateFolder: string;
  environment: Record<string, string>;
  say: (line: string) => void;
  backOff?: { first: number; longest: number };
  watch?: { every: number; patience: number };
}

/** Starts processes in the order of their needs, keeps them alive, and stops all of them in reverse order. */
export function supervisor({ stateFolder, environment, say, ...times }: SupervisorOptions) {
  const pids = pidFolder(join(stateFolder, 'pids'));
  const other = pids.running();
  if (other) throw new Error(`The stack already runs on this state (process ${other}): stop that one first with Ctrl-C.`);
  for (const name of pids.sweep()) say(`ended ${name}, left over from a run that was killed`);
  pids.remember('supervisor', process.pid);

  const services: Service[] = [];
  let stopped: Promise<void> | undefined;

  return {
    services,
    /** Starts one process and waits until it is well. */
    start: async (spec: ServiceSpec) => {
      if (stopped) throw new Error('The stack is stopping.');
      const log = openLog(join(stateFolder, 'logs', `${spec.name}.log`));
      const ended = () => {
        for (const other of services) if (other.endsWith.includes(spec.name)) other.kill();
      };
      const service = superviseService(spec, { log, pids, environment, say, ended, ...times });
      services.push(service);
      await service.start();
      return service;
    },
    /** Stops everything; calling it again waits for the same stop. */
    stop: () => {
      stopped ??= (async () => {
        for (const service of services) service.release(); // a signal to the whole group may end all of them by itself
        for (const service of services.toReversed()) await service.stop();
        pids.forget('supervisor');
      })();
      return stopped;
    },
  };
}
