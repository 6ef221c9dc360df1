// `npm run bench -- engine`: many adapters on one base (oracle-gpu/engine/bench/engine.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Takes about ten minutes, 2 GB of memory and 3 GB of disk; name parts of it to run only those.');
await runEngineBench('engine', process.argv.slice(3));
