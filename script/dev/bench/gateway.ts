// `npm run bench -- gateway`: how many paid calls a second the oracle service's gateway takes on one core.
import { join } from 'node:path';
import { root, tools } from '../config.ts';
import { runCommand } from '../deployment.ts';
import { type Measure, report } from './measure.ts';

const calls = process.argv[3] ?? '20000';
console.log(`Starts a chain, a database and the service, then makes ${calls} paid calls; takes a minute or two.`);
const printed = await runCommand(tools.node, [join(root, 'oracle-gpu/service/bench/gateway.ts'), calls]);
report(
  printed
    .split('\n')
    .filter((line) => line.startsWith('{"bench"'))
    .map((line) => {
      const { ok: _judgedAgain, ...measure } = JSON.parse(line) as Measure & { ok?: boolean };
      return measure;
    }),
);
