import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { sentence } from '../errors.ts';
import { batchVerify } from './batchVerify.ts';
import { dataRequest, dataRequestOptions } from './dataRequest.ts';
import { dryRun } from './dryRun.ts';
import { decideHeld, heldList } from './held.ts';
import { help } from './help.ts';
import { operatorInit } from './operatorInit.ts';
import { receiptReplay, replayOptions } from './receiptReplay.ts';
import { receiptVerify } from './receiptVerify.ts';
import { roundOptions, roundPrepare } from './roundPrepare.ts';
import { sourceOptions } from './sources.ts';
import { watchCommand, watchOptions } from './watch.ts';

/** Where the command writes: what it found, and what kept it from finding out. */
export type Output = { print: (text: string) => void; complain: (text: string) => void };

/** Runs `openledger` with these arguments. Returns its exit code and never throws. */
export async function run(args: readonly string[], { print, complain }: Output): Promise<0 | 1 | 2> {
  const words = args.filter((word) => !word.startsWith('-')).slice(0, 2);
  const command = [words.join(' '), words[0] ?? ''].find((name) => name !== '' && name in help) ?? '';
  const isHelp = args.includes('--help') || args.includes('-h');
  if (isHelp || (command === '' && words.length === 0)) {
    print(help[command] as string);
    return isHelp ? 0 : 1;
  }
  try {
    const found = await dispatch(command, args, print);
    if (typeof found === 'number') return found;
    return found ? 0 : 1;
  } catch (error) {
    complain(sentence(error));
    return command === 'receipt replay' ? 2 : 1;
  }
}

/** Whether all is right, or the exit code of a command that tells more. */
async function dispatch(command: string, args: readonly string[], print: Output['print']): Promise<boolean | 0 | 1 | 2> {
  if (command === 'receipt verify') {
    const { values, positionals } = parse(args, sourceOptions);
    const [file] = expect(command, positionals.slice(2), 1);
    return receiptVerify(file as string, values, print);
  }
  if (command === 'receipt replay') {
    const { values, positionals } = parse(args, replayOptions);
    const [file] = expect(command, positionals.slice(2), 1);
    return receiptReplay(file as string, values, print);
  }
  if (command === 'batch verify') {
    const { values, positionals } = parse(args, { ...sourceOptions, 'dry-run': { type: 'boolean' } });
    if (values['dry-run']) {
      expect(command, positionals.slice(2), 0);
      return dryRun(process.env, print);
    }
    const [operator, index] = expect(command, positionals.slice(2), 2);
    return batchVerify(operator as string, index as string, values, print);
  }
  if (command === 'data request') {
    const { values, positionals } = parse(args, { ...sourceOptions, ...dataRequestOptions });
    return dataRequest(positionals.slice(2), values, print);
  }
  if (command === 'operator init') {
    const { values, positionals } = parse(args, { yes: { type: 'boolean' } });
    expect(command, positionals.slice(2), 0);
    return operatorInit(process.env, values.yes === true, print);
  }
  if (command === 'held') {
    const { positionals } = parse(args, {});
    const given = positionals.slice(1);
    if (given.length === 0) return heldList(process.env, print);
    const [decision, channel] = expect(command, given, 2);
    if (decision !== 'retry' && decision !== 'forgive')
      throw new Error(`openledger held takes retry or forgive, not "${decision}".`);
    return decideHeld(process.env, channel as string, decision, print);
  }
  if (command === 'round prepare') {
    const { values, positionals } = parse(args, roundOptions);
    return roundPrepare(process.env, expect(command, positionals.slice(2), 3), values, print);
  }
  if (command === 'watch') {
    const { values, positionals } = parse(args, { ...sourceOptions, ...watchOptions });
    expect(command, positionals.slice(1), 0);
    return watchCommand(values, print);
  }
  throw new Error(`There is no command "${args.join(' ')}": openledger --help lists them.`);
}

function parse<const T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
}

function expect(command: string, given: readonly string[], count: number): readonly string[] {
  if (given.length !== count) throw new Error(`openledger ${command} takes ${count} arguments, not ${given.length}: see --help.`);
  return given;
}
