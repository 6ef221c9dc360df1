// `npm run bench -- train`: training against transformers' Trainer with PEFT (oracle-gpu/engine/bench/train.py)
import { runEngineBench } from '../engineBench.ts';

console.log('Trains one adapter on 64 records of the small model by each way; takes some minutes and 5 GB.');
await runEngineBench('train', process.argv.slice(3));
