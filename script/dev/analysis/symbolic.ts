// `npm run check:symbolic`: what Halmos proves of the contracts for all inputs (contracts/test/symbolic). With `-- --mutants`
// it plants one bug for each check in a copy of the contracts, and requires that the check finds it.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../config.ts';
import { analysers, pathWith } from './environment.ts';

const tests = 'contracts/test/symbolic';
const state = join(root, '.openledger/halmos');
const path = pathWith(await analysers());

/** One bug for each check. */
const mutants = [
  {
    check: 'check_largestRemainder_isExact',
    bug: 'a missing wei is lost',
    file: 'contracts/src/libraries/LargestRemainder.sol',
    find: '            ++parts[first];\n',
    replace: '',
  },
  {
    check: 'check_escrow_neverPaysTwice',
    bug: 'a thaw outlives its withdrawal',
    file: 'contracts/src/settlement/PaymentEscrow.sol',
    find: 'a.balance = balance;\n        a.thawing = 0;\n        a.thawedAt = 0;',
    replace: 'a.balance = balance;',
  },
  {
    check: 'check_claims_neverDecrease',
    bug: 'a smaller root takes back what was claimed',
    file: 'contracts/src/settlement/RewardPool.sol',
    find: 'if (amount <= before) return 0;',
    replace: 'if (amount <= before) {\n            had.amount = amount;\n            return 0;\n        }',
  },
  {
    check: 'check_signature_isOfOneEscrow',
    bug: 'a voucher is signed without its domain',
    file: 'contracts/src/settlement/PaymentEscrow.sol',
    find: 'return _hashTypedDataV4(keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher)));',
    replace: 'return keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher));',
  },
  {
    check: 'check_signature_isOfOneChain',
    bug: 'a voucher is signed without its domain',
    file: 'contracts/src/settlement/PaymentEscrow.sol',
    find: 'return _hashTypedDataV4(keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher)));',
    replace: 'return keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher));',
  },
  {
    check: 'check_signature_isOfOneVoucher',
    bug: 'a voucher is signed without its ceiling',
    file: 'contracts/src/settlement/PaymentEscrow.sol',
    find: 'return _hashTypedDataV4(keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher)));',
    replace: 'return _hashTypedDataV4(keccak256(abi.encode(Channels.VOUCHER_TYPEHASH, voucher.payer, voucher.expiry)));',
  },
];

/** @param only a check, or the beginning of several */
function halmos(folder: string, out: string, only: string): { passed: number; failed: number; output: string } {
  const { stdout, stderr, error } = spawnSync(
    'halmos',
    ['--root', folder, '--forge-build-out', out, '--function', only, '--loop', '4', '--solver-timeout-assertion', '60000'],
    {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        PATH: path,
        NO_COLOR: '1',
        // Compiles these tests and what they use, not everything.
        FOUNDRY_SRC: tests,
        FOUNDRY_TEST: tests,
        FOUNDRY_SCRIPT: tests,
        FOUNDRY_OUT: out,
        FOUNDRY_CACHE_PATH: join(dirname(out), 'cache'),
      },
    },
  );
  if (error) throw error;
  const output = `${stdout}${stderr}`;
  const [, passed, failed] = /Symbolic test result: (\d+) passed; (\d+) failed/.exec(output) ?? [];
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 0), output };
}

let wrong = 0;
if (process.argv.includes('--mutants')) {
  const copy = join(state, 'mutants');
  for (const { check, bug, file, find, replace } of mutants) {
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(join(copy, 'script'), { recursive: true });
    for (const part of ['contracts/src', tests, 'script/solc', 'foundry.toml', 'remappings.txt']) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const source = readFileSync(join(copy, file), 'utf8');
    if (!source.includes(find)) throw new Error(`${file} no longer has the lines that the bug "${bug}" is planted in.`);
    writeFileSync(join(copy, file), source.replace(find, replace));
    const { failed, output } = halmos(copy, 'out', check);
    // Found means a counterexample, not an error or a timeout.
    const found = failed === 1 && /Counterexample/.test(output);
    console.log(`${found ? '✓' : '✗'} ${check}: ${bug}`);
    if (!found) {
      wrong += 1;
      console.log(output.slice(-4_000));
    }
  }
  console.log(`${mutants.length - wrong} of ${mutants.length} planted bugs found`);
} else {
  const { passed, failed, output } = halmos(root, '.openledger/halmos/out', 'check_');
  console.log(output.trimEnd());
  if (failed || passed !== mutants.length) wrong = 1;
}
process.exitCode = wrong ? 1 : 0;
