// `npm run bench -- precision`: the base in eight and four bits against the whole one (oracle-gpu/engine/bench/precision.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Loads the small model once for each precision and reads 6,000 tokens with it; takes some minutes.');
await runEngineBench('precision', process.argv.slice(3));
