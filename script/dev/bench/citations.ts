// `npm run bench -- citations`: do citations name the record that answers? (oracle-gpu/engine/bench/citations.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Asks the base model 70 questions with passages; takes about ten minutes.');
await runEngineBench('citations', process.argv.slice(3));
