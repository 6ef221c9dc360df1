// `npm run bench -- scan`: how long scoring a million rows of an attribution index takes (oracle-gpu/engine/bench/scan.py).
import { runEngineBench } from '../engineBench.ts';

console.log('Makes a million rows of 1,024 int8 and scores them in several ways; takes some minutes and 3 GB of memory.');
await runEngineBench('scan', process.argv.slice(3));
