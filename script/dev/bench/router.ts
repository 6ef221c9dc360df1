// `npm run bench -- router`: is a question led to the datanet it is about? (oracle-gpu/engine/bench/router)
import { runEngineBench } from '../engineBench.ts';

console.log('Leads questions to twenty datanets, and away from them; takes two minutes.');
await runEngineBench('router.measure', process.argv.slice(3));
