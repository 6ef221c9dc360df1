// `npm run bench -- attacks`: what cheating pays (oracle-gpu/engine/bench/attribution/attacks.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Places the records of attackers in an index and pays them by the rules; takes some minutes.');
await runEngineBench('attribution.attacks', process.argv.slice(3));
