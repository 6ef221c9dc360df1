// `npm run bench -- loop`: the whole loop on a fresh clone — cold and warm start, memory of the stack, gas of every
// kind of transaction the demonstration sent — and the gateway's own time per call.
// Takes as long as a first start with its downloads; uses ports and state of its own.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Abi, decodeFunctionData, type Hex, toFunctionSelector } from 'viem';
import * as abis from '../../../sdk/src/generated/abis.ts';
import { temporaryFolder } from '../access.ts';
import { root, tools } from '../config.ts';
import { runCommand } from '../deployment.ts';
import { rpc } from '../processes/rpc.ts';
import { type Measure, report } from './measure.ts';

const portOffset = 15_000;
const folder = temporaryFolder('loop');
const clone = join(folder, 'openledger');
const measures: Measure[] = [];

/** Runs `npm start` in the clone until it says ready. Returns the seconds it took and how to stop it. */
async function start() {
  const began = Date.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env: { ...process.env, OPENLEDGER_PORT_OFFSET: String(portOffset), OPENLEDGER_STATE: join(clone, '.openledger'), CI: 'true' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  await new Promise<void>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      if (chunk.toString().includes('ready')) done();
    });
    child.on('exit', (code) => failed(new Error(`npm start ended with ${code}`)));
  });
  const seconds = (Date.now() - began) / 1000;
  const stop = () =>
    new Promise<void>((done) => {
      child.removeAllListeners('exit');
      child.on('exit', () => done());
      process.kill(-(child.pid as number), 'SIGINT');
    });
  return { seconds, stop, pid: child.pid as number };
}

/** Proportional memory of all processes whose files lie in the clone, in GiB. */
function stackMemory(): number {
  let kilobytes = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes(clone)) continue;
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // the process ended while it was looked at
    }
  }
  return kilobytes / 1024 ** 2;
}

/** Greatest gas of each function that was called on the chain. */
async function gasPerStep(): Promise<Map<string, number>> {
  const url = `http://127.0.0.1:${8545 + portOffset}`;
  const functions = new Map<Hex, Abi>();
  for (const abi of Object.values(abis).filter(Array.isArray) as Abi[]) {
    for (const item of abi) if (item.type === 'function') functions.set(toFunctionSelector(item), abi);
  }
  const gas = new Map<string, number>();
  const head = Number(await rpc<string>(url, 'eth_blockNumber'));
  for (let number = 0; number <= head; number++) {
    const block = await rpc<{ transactions: { hash: Hex; to: Hex | null; input: Hex }[] }>(url, 'eth_getBlockByNumber', [
      `0x${number.toString(16)}`,
      true,
    ]);
    for (const transaction of block.transactions) {
      const abi = transaction.to && functions.get(transaction.input.slice(0, 10) as Hex);
      if (!abi) continue;
      const { functionName } = decodeFunctionData({ abi, data: transaction.input });
      const { gasUsed } = await rpc<{ gasUsed: string }>(url, 'eth_getTransactionReceipt', [transaction.hash]);
      gas.set(functionName, Math.max(gas.get(functionName) ?? 0, Number(gasUsed)));
    }
  }
  return gas;
}

try {
  await runCommand('git', ['clone', '--quiet', root, clone]);
  const cold = await start();
  measures.push({
    bench: 'loop',
    measure: 'cold_start_with_demonstration',
    value: Math.round(cold.seconds),
    unit: 's',
    goal: '<=900',
  });
  measures.push({ bench: 'loop', measure: 'stack_memory', value: Number(stackMemory().toFixed(2)), unit: 'GiB', goal: '<=6' });
  for (const [name, gas] of [...(await gasPerStep())].sort()) {
    measures.push({ bench: 'loop', measure: `gas_${name}`, value: gas, unit: 'gas' });
  }
  await cold.stop();
  const warm = await start();
  measures.push({ bench: 'loop', measure: 'second_start', value: Math.round(warm.seconds), unit: 's', goal: '<=60' });
  await warm.stop();
  const overhead = await runCommand(tools.node, [join(root, 'oracle-gpu/service/bench/overhead.ts')]);
  for (const line of overhead.split('\n').filter((text) => text.startsWith('{"bench"')))
    measures.push(JSON.parse(line) as Measure);
} finally {
  await rm(folder, { recursive: true, force: true });
}
report(measures);
