// `npm run bench -- latency`: what attribution adds to an answer (oracle-gpu/engine/bench/latency.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Trains a small adapter first; takes some minutes.');
await runEngineBench('latency', process.argv.slice(3));
