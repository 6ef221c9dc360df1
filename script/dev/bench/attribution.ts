// `npm run bench -- attribution`: how well scores predict what retraining without records does (oracle-gpu/engine/bench/attribution)
import { runEngineBench } from '../engineBench.ts';

console.log('Trains a model again on halves of its records, unless that was done before; can be stopped and goes on.');
await runEngineBench('attribution.measure', process.argv.slice(3));
