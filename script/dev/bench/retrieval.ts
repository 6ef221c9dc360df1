// `npm run bench -- retrieval`: is the record that answers among the first five? (oracle-gpu/engine/bench/retrieval)
import { runEngineBench } from '../engineBench.ts';

console.log('Searches 70 questions that nothing was tuned on, in three ways; takes a minute.');
await runEngineBench('retrieval.measure', process.argv.slice(3));
