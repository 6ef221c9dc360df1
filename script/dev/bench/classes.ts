// `npm run bench -- classes`: does attribution find the records of a question's own kind (oracle-gpu/engine/bench/attribution/classes.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Trains two tasks of 900 records and scores them; takes about half an hour the first time.');
await runEngineBench('attribution.classes', process.argv.slice(3));
