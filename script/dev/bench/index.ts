// `npm run bench -- index`: what an attribution index costs beside its training (oracle-gpu/engine/bench/attribution/build.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Trains one epoch and builds the index of its records; takes some minutes.');
await runEngineBench('attribution.build', process.argv.slice(3));
