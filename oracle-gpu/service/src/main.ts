import { readConfig } from './config.ts';
import { sentence } from './errors.ts';
import { openLog } from './log.ts';
import { startService } from './service.ts';

try {
  const config = readConfig(process.env);
  const service = await startService(config, openLog(config.logLevel));
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      setTimeout(() => process.exit(process.exitCode ?? 0), 10_000).unref();
      void service.stop().finally(() => process.exit(process.exitCode ?? 0));
    });
  }
} catch (error) {
  process.stderr.write(`The oracle service cannot start: ${sentence(error)}\n`);
  process.exit(1);
}
