// Speaks the two forms of solc's command line that forge uses: `--version` and `--standard-json` on stdin.
import { readFileSync } from 'node:fs';
import solc from 'solc';

const args = process.argv.slice(2);
if (args.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (args.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  console.error(`script/solc/solc understands --version and --standard-json, not: ${args.join(' ')}`);
  process.exitCode = 1;
}
