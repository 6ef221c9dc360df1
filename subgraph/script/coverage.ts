import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { fixtureDeployment, subgraphFolder } from './manifest.ts';

const testSchema = z.object({
  name: z.string().min(1),
  files: z.array(z.object({ cid: z.string() })).default([]),
  blocks: z.array(z.object({ events: z.array(z.object({ address: z.string(), event: z.string() })).default([]) })),
  assertions: z.array(z.object({ query: z.string(), expected: z.record(z.string(), z.unknown()) })),
});

export type SubgraphTest = z.infer<typeof testSchema> & { file: string };

/** All test files, in order of name. */
export function readTests(): SubgraphTest[] {
  const folder = join(subgraphFolder, 'tests');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ file, ...testSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))) }));
}

/** A handler of the manifest: of an event of a data source, or of a file. */
interface Handler {
  source: string;
  abi: string;
  handler: string;
  event?: string;
}

/** Handlers named in the template, read from its lines: `name`, `abi`, `event` and `handler` come in this order. */
function handlers(): Handler[] {
  const found: Handler[] = [];
  let source = '';
  let abi = '';
  let event: string | undefined;
  for (const line of readFileSync(join(subgraphFolder, 'subgraph.template.yaml'), 'utf8').split('\n')) {
    const [, key, value = ''] = /^\s+(?:- )?(name|abi|event|handler): (.*)$/.exec(line) ?? [];
    const isSource = key === 'name' && /^ {4}name/.test(line);
    if (isSource) source = value;
    else if (key === 'abi') abi = value;
    else if (key === 'event') event = value.slice(0, value.indexOf('('));
    else if (key === 'handler') {
      found.push({ source, abi, handler: value, ...(event ? { event } : {}) });
      event = undefined;
    }
  }
  return found;
}

/** Whether a test reaches a handler: it emits the event at the contract's address, or asks for the file's entity. */
function reaches(test: SubgraphTest, { source, event }: Handler): boolean {
  const address = fixtureDeployment().contracts[source];
  if (!event) {
    const entity = source.charAt(0).toLowerCase() + source.slice(1);
    return test.files.length > 0 && test.assertions.some(({ query }) => new RegExp(`\\b${entity}(s|\\b)`).test(query));
  }
  const events = test.blocks.flatMap((block) => block.events).filter((one) => one.event.startsWith(`${event}(`));
  return events.some((one) => address === undefined || one.address === address);
}

interface AbiInput {
  type: string;
  components?: AbiInput[] | undefined;
}

const inputSchema: z.ZodType<AbiInput> = z.lazy(() =>
  z.object({ type: z.string(), components: z.array(inputSchema).optional() }),
);
const abiSchema = z.array(z.object({ type: z.string(), name: z.string().optional(), inputs: z.array(inputSchema).optional() }));

const signatureOf = (inputs: readonly AbiInput[]): string =>
  `(${inputs.map(({ type, components }) => (components ? type.replace('tuple', signatureOf(components)) : type)).join(',')})`;

/** Whether the call that settlement-call.ts decodes is still that of the contract. Mock transactions carry no call data. */
export function settleProblem(): string | undefined {
  const abi = abiSchema.parse(JSON.parse(readFileSync(join(subgraphFolder, 'abis/Settlement.json'), 'utf8')));
  const signature = signatureOf(abi.find(({ name }) => name === 'settle')?.inputs ?? []);
  const source = readFileSync(join(subgraphFolder, 'src/decode/settlement-call.ts'), 'utf8');
  return source.includes(`'${signature}'`)
    ? undefined
    : `src/decode/settlement-call.ts decodes another call than settle${signature}.`;
}

/** What is wrong with the tests as a whole: a handler that none reaches, a test that asserts nothing. */
export function coverageProblems(tests: SubgraphTest[]): string[] {
  const found = handlers();
  if (found.length === 0) return ['The template names no handler.'];
  // The two governors share their handlers: one of them has to be reached.
  const reached = (one: Handler): boolean =>
    found.some((other) => other.abi === one.abi && other.handler === one.handler && tests.some((test) => reaches(test, other)));
  return [
    ...found.filter((handler) => !reached(handler)).map(({ source, handler }) => `${source}: no test reaches ${handler}.`),
    ...tests.filter((test) => test.assertions.length === 0).map((test) => `${test.file} asserts nothing.`),
  ];
}
