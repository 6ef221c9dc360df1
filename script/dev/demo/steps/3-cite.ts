import { type ReceiptBundle, recordId } from '@openledger/sdk';
import type OpenAI from 'openai';
import { domains } from '../extract.ts';
import { mustHold, open, percent, say, waitFor } from '../show.ts';
import type { Stage } from '../stage.ts';
import { contributors, type DatanetResult } from './1-datanet.ts';
import type { TrainResult } from './2-train.ts';
import { type Answer, ask, checkReceipt, nameOf, oneLine } from './3-ask.ts';

/**
 * One question about a record that the model was not trained on, answered from the datanet: each sentence says which
 * source it rests on, and each source is proven to stand in the version on chain.
 */
export async function askFromSources(
  stage: Stage,
  client: OpenAI,
  datanet: DatanetResult,
  { modelId, trainedRecordIds }: TrainResult,
): Promise<Answer> {
  const { datanetId, version } = datanet;
  await waitFor('the datanet to be indexed for looking up', 120, async () =>
    (await stage.gateway.sources()).find((shelf) => shelf.datanetId === datanetId && shelf.version === version),
  );
  const question = unseenQuestion(datanet, trainedRecordIds);
  const bundle = await ask(client, modelId, question, { datanets: [datanetId] });
  showCitations(bundle);
  await checkReceipt(stage, bundle);
  mustHold(
    bundle.sources?.some((source) => source.recordId === question.recordId) === true,
    `the record that the question is about, which the model was not trained on, is among the ${bundle.sources?.length ?? 0} sources`,
  );
  const { citations = [], unsupported = [] } = bundle;
  mustHold(
    citations.length + unsupported.length > 0,
    `of the answer's sentences ${citations.length} rest on sources and ${unsupported.length} on none, as measured`,
  );
  return { question, bundle };
}

/** What the first record that was held out of training answers. */
function unseenQuestion({ contributions }: DatanetResult, trainedRecordIds: readonly string[]): Answer['question'] {
  const trained = new Set(trainedRecordIds);
  for (const domain of domains) {
    const { records = [] } = contributions.find(({ contributor }) => contributor === contributors[domain]) ?? {};
    const record = records.find((one) => !trained.has(recordId(one)));
    if (record) return { domain, recordId: recordId(record), text: record.messages[0]?.content ?? '' };
  }
  throw new Error('Every record was trained on: hold some out (heldOutEvery) to ask about one that was not.');
}

/** The answer sentence by sentence with the sources that each rests on, and what the sources are and are paid. */
function showCitations({ answer = '', citations = [], unsupported = [], sources = [] }: ReceiptBundle): void {
  const sentences = [...citations, ...unsupported.map(([start, end]) => ({ start, end, sources: [] }))];
  for (const { start, end, sources: rests } of sentences.sort((a, b) => a.start - b.start))
    say(
      `    “${oneLine(answer.slice(start, end), 80)}” ${rests.length > 0 ? rests.map((n) => `[${n}]`).join('') : '(rests on no source)'}`,
    );
  for (const { n, title, contributor, link, licence, support, amount } of sources)
    say(
      `    [${n}] ${title} of ${nameOf(contributor)}: ${percent(BigInt(support), 10_000n)} of the answer, ${open(amount)}; ${link} (${licence})`,
    );
}
