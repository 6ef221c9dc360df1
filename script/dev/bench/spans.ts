// `npm run bench -- spans`: verbatim spans in 100 million tokens (oracle-gpu/engine/bench/spans.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Builds a suffix array of 100 million tokens and asks it; takes some minutes and 3 GB.');
await runEngineBench('spans', process.argv.slice(3));
