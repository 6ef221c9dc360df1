// The demonstration: data → model → paid answer → share → vote, on the stack that runs now.
//
//   node script/dev/demo/main.ts      (npm start runs it once by itself)
//
// Every step is a public call of the oracle service or a transaction that anyone in that role could make; the named
// accounts are those of the development wallet. It may run again on a used chain: it makes a datanet, a model and a
// session of its own each time. It ends with 0 only if everything that had to hold did.
import { urls } from '../config.ts';
import { say, title } from './show.ts';
import { openStage } from './stage.ts';
import { takeMoney } from './steps/0-money.ts';
import { fillDatanet } from './steps/1-datanet.ts';
import { trainModel } from './steps/2-train.ts';
import { askQuestions } from './steps/3-ask.ts';
import { settleAndClaim } from './steps/4-settle.ts';
import { govern } from './steps/5-govern.ts';
import { readBack } from './steps/6-read-back.ts';
import { requestMeasure } from './steps/7-measure.ts';
import { runAgents } from './steps/8-agents.ts';
import { summarise } from './summary.ts';

async function demonstrate(): Promise<void> {
  const stage = await openStage();

  title('0 of 7 · Everyone takes what they need from the faucet');
  await takeMoney(stage);

  title('1 of 7 · A datanet: three people contribute, a reviewer judges, a copy is rejected');
  const datanet = await fillDatanet(stage);

  title('2 of 7 · A model: access is granted, a fine-tune is paid for, the release is attested');
  const trained = await trainModel(stage, datanet);

  title('3 of 7 · Answers: six questions, each with a receipt that says who shaped the answer, and one answered from sources');
  const asked = await askQuestions(stage, datanet, trained);

  title('4 of 7 · Settlement: the receipts become money that everybody claims');
  const settled = await settleAndClaim(stage, asked, datanet);

  title('5 of 7 · A vote: contribution becomes power, the treasury funds the model');
  const governed = await govern(stage, trained, settled.batches);

  title('6 of 7 · Read back: everything above, from the subgraph, against the chain');
  await readBack(stage, { datanet, trained, asked, settled, governed });

  title('7 of 7 · Measured: how well do the weights hold?');
  // It keeps a core busy for minutes: stacks that others wait for leave it out.
  if (process.env.OPENLEDGER_DEMO_MEASURE === 'no') say('left out, as OPENLEDGER_DEMO_MEASURE says');
  else await requestMeasure(stage, trained);

  title('The loop, closed');
  await summarise(stage, { datanet, asked, settled, governed });

  title('And agents: one answers from the datanet, by the model, with a tool, and with the help of another one');
  await runAgents(stage, {
    datanetId: datanet.datanetId,
    modelId: trained.modelId,
    toolServer: `${urls.gateway2}/mcp`,
  });
}

try {
  await demonstrate();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  if (process.env.OPENLEDGER_DEBUG) console.error(error);
  process.exitCode = 1;
}
