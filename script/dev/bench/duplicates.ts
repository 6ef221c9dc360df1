// `npm run bench -- duplicates`: which signal tells a copy in other words from another record (oracle-gpu/engine/bench/duplicates.py)
import { runEngineBench } from '../engineBench.ts';

await runEngineBench('duplicates', process.argv.slice(3));
