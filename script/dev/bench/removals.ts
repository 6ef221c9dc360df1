// `npm run bench -- removals`: what removing records really does (oracle-gpu/engine/bench/attribution/removals.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Trains the measuring task again without some records; keeps each run and prints the hours left.');
await runEngineBench('attribution.removals', process.argv.slice(3));
