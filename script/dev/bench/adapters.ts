// `npm run bench -- adapters`: kinds of adapter compared (oracle-gpu/engine/bench/adapters.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Trains one adapter of each kind on 64 records of the small model; takes some minutes and 4 GB.');
await runEngineBench('adapters', process.argv.slice(3));
