import {
  type AgentManifestJson,
  agentManifestHash,
  agentTerms,
  answeredRunSchema,
  type ReceiptBundle,
  readReceiptFacts,
  receiptBundleSchema,
  runOf,
  stepEventSchema,
  verifyReceipt,
} from '@openledger/sdk';
import OpenAI from 'openai';
import { parseEventLogs } from 'viem';
import { z } from 'zod';
import { mustHold, open, say, waitFor } from '../show.ts';
import type { Stage } from '../stage.ts';
import { checkReceipt, oneLine, openSession } from './3-ask.ts';

const terms = agentTerms(1_000, 10n ** 16n); // 0.01 OPEN a step
const ceiling = 6n * 10n ** 18n;
const limits = { steps: 8, spend: String(4n * 10n ** 18n), seconds: 300 };

type Uses = {
  datanetId: number;
  modelId: number;
  /** An MCP server that lists datanets: another operator's own. */
  toolServer: string;
};

/** Step 8: two agents, of which one uses a datanet, the model, a tool and the other one; everybody inside is paid by a receipt. */
export async function runAgents(stage: Stage, { datanetId, modelId, toolServer }: Uses): Promise<void> {
  await waitFor('the datanet to be indexed for looking up', 120, async () =>
    (await stage.gateway.sources()).find((shelf) => shelf.datanetId === datanetId),
  );
  const model = `model/${modelId}`;
  const base = { version: 1 as const, instructions: 'Answer in one or two sentences.', models: [{ model, purpose: 'Answers.' }] };
  const sayer = await publish(stage, {
    ...{ ...base, name: 'Plain speaker', goal: 'Says things in plain words.', limits },
    ...{ datanets: [], tools: [], agents: [] },
    plan: { kind: 'steps', steps: [{ kind: 'model', model }] },
  });
  const tool = { name: 'list_datanets', description: 'What can be cited.', inputSchema: { type: 'object', properties: {} } };
  const clerk = await publish(stage, {
    ...{ ...base, name: 'Contract clerk', goal: 'Explains functions of audited contracts.', limits },
    datanets: [datanetId],
    tools: [{ server: toolServer, name: 'Another operator', tools: [tool], localNetwork: true }],
    agents: [{ agent: sayer, purpose: 'Says it in plain words.' }],
    plan: {
      kind: 'steps',
      steps: [
        { kind: 'tool', server: toolServer, tool: tool.name, arguments: {} },
        { kind: 'retrieve', datanet: datanetId, prompt: '{question}' },
        { kind: 'model', model, prompt: '{question}\n\nThe sources say: {previous}' },
        { kind: 'agent', agent: sayer, prompt: 'Say in plain words: {previous}' },
      ],
    },
  });
  const apiKey = await openSession(stage, stage, ceiling);
  const before = (await stage.gateway.session(apiKey)).spent;
  const { bundle, children } = await ask(stage, apiKey, clerk);
  const sum = [bundle, ...children].reduce((total, { receipt }) => total + receipt.fee, 0n);
  const paid = (await stage.gateway.session(apiKey)).spent - before;
  mustHold(paid === sum, `${open(paid)} paid are the ${children.length} receipts inside and the agent's own, to the wei`);
  await checkRun(stage, bundle, children);
}

/** @returns the agent's name, as calls use it */
async function publish({ gateway, contracts, chain, transact }: Stage, manifest: AgentManifestJson): Promise<string> {
  const { cid } = await gateway.uploadDocument(manifest);
  const { agents, token } = contracts;
  const made = await transact('proposer', agents, 'create', [manifest.name, cid, agentManifestHash(manifest), terms]);
  const [event] = parseEventLogs({ abi: agents.abi, eventName: 'AgentCreated', logs: made.logs });
  if (!event) throw new Error('The registry announced no agent.');
  const { agentId } = event.args;
  const stake = await chain.readContract({ ...agents, functionName: 'minimumStake' });
  await transact('proposer', token, 'approve', [agents.address, stake]);
  await transact('proposer', agents, 'addStake', [agentId, stake]);
  await transact('proposer', agents, 'activate', [agentId]);
  say(
    `proposer publishes agent/${agentId}, ${manifest.name}, at ${open(terms.agentStepPrice, 2)} a step, with ${open(stake, 0)} at stake`,
  );
  return `agent/${agentId}`;
}

const chunkSchema = z.looseObject({
  step: stepEventSchema.optional(),
  receipt: receiptBundleSchema.optional(),
  run: answeredRunSchema.optional(),
});

async function ask(
  { gateway }: Stage,
  apiKey: string,
  agent: string,
): Promise<{ bundle: ReceiptBundle; children: ReceiptBundle[] }> {
  const question = 'What does transferFrom do?';
  say(`caller asks ${agent}: ${question}`);
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: question }];
  const stream = await client.chat.completions.create({ model: agent, messages, max_tokens: 48, temperature: 0, stream: true });
  let answered: z.output<typeof chunkSchema> | undefined;
  for await (const chunk of stream) {
    const told = chunkSchema.parse(chunk);
    if (told.step?.status === 'done')
      say(`${'  '.repeat(told.step.depth + 1)}${told.step.kind} ${told.step.name}: “${oneLine(told.step.output ?? '', 80)}”`);
    if (told.receipt) answered = told;
  }
  if (!answered?.receipt || !answered.run) throw new Error('The agent answered without a receipt.');
  say(`  answer: ${oneLine(answered.receipt.answer ?? '', 160)}`);
  return { bundle: answered.receipt, children: answered.run.children };
}

async function checkRun(stage: Stage, bundle: ReceiptBundle, children: readonly ReceiptBundle[]): Promise<void> {
  const { chain, contracts, deployment } = stage;
  for (const child of children) if (!runOf(child.trace)) await checkReceipt(stage, child);
  for (const own of [bundle, ...children.filter(({ trace }) => runOf(trace))]) {
    const { checks } = await verifyReceipt(own, {
      chainId: deployment.chainId,
      settlement: contracts.settlement.address,
      facts: await readReceiptFacts(chain, deployment, own),
      children,
    });
    const failed = checks.filter(({ status }) => status === 'failed').map(({ name, sentence }) => `${name}: ${sentence}`);
    const run = checks.find(({ name }) => name === 'run');
    mustHold(failed.length === 0 && run?.status === 'passed', failed.join(' ') || (run?.sentence ?? 'it tells of a run'));
  }
}
