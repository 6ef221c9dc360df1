import { beforeAll, expect, test } from 'vitest';
import { scoreOf } from '../evidence/evidence.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { type Attributed, compareEngines, type Generation, judgeReplay, type Replayed } from './judgeReplay.ts';
import { testReceipt } from './testReceipt.ts';

const hash = `0x${'1'.repeat(64)}`;
const engine = { engineHash: hash, device: 'cpu', threads: 2, precision: 'float32' };
const made: Generation = { ...engine, temperature: 0, topP: 1, seed: 7, maxTokens: 9, stop: [], finishReason: 'stop' };
const token = (tokenId: number): Replayed['tokens'][number] => {
  const same = { tokenId, text: ` t${tokenId}` };
  return { ...same, isChosen: true, chosen: same, rank: 1, logprob: -0.1, gap: 0 };
};
const other = (tokenId: number, gap: number): Replayed['tokens'][number] => ({
  ...token(tokenId),
  isChosen: false,
  chosen: { tokenId: 99, text: ' else' },
  rank: 3,
  logprob: -2.5,
  gap,
});

let bundle: ReceiptBundle;
let replayed: Replayed;
let attributed: Attributed;
beforeAll(async () => {
  ({ bundle } = await testReceipt());
  replayed = {
    promptTokenIds: Array.from({ length: bundle.receipt.promptTokens }, () => 4),
    text: bundle.answer ?? '',
    endsAt: 2,
    tokens: [5, 6, 7].map(token),
  };
  const { queryRoot, nullThreshold, records } = bundle.evidence;
  attributed = {
    queryRoot,
    nullThreshold,
    records: records.map((record) => ({ recordId: record.recordId, cluster: record.cluster, score: scoreOf(record) })),
  };
});

type Changes = { made?: Partial<Generation>; replayed?: Partial<Replayed>; attributed?: Partial<Attributed> | string };

function judge(changed: Changes, nats = 0.5, at = engine) {
  const found = typeof changed.attributed === 'string' ? changed.attributed : { ...attributed, ...changed.attributed };
  const tolerance = { nats, score: 0.02 };
  return judgeReplay(bundle, { ...made, ...changed.made }, { ...replayed, ...changed.replayed }, found, at, tolerance);
}

/** Names of the checks that did not pass, with how they came out. */
const notPassed = (...given: Parameters<typeof judge>): string[] =>
  judge(...given).flatMap(({ name, status }) => (status === 'passed' ? [] : [`${name} ${status}`]));

const sentenceOf = (name: string, ...given: Parameters<typeof judge>): string =>
  judge(...given).find((check) => check.name === name)?.sentence ?? '';

test('an answer that comes out the same passes every check', () => {
  expect(notPassed({})).toEqual([]);
  expect(sentenceOf('tokens', {})).toBe('All 3 tokens are those that this engine finds likeliest.');
  expect(sentenceOf('scores', {})).toBe('Query and scores of all 3 records are the same, to the last digit.');
  expect(compareEngines(made, engine)).toBe('The receipt was made by the same engine in the same circumstances.');
});

test('the first token beyond the tolerance is named, with what stands there instead', () => {
  const tokens = [other(5, 0.2), other(6, 1.25), other(7, 2)];
  expect(notPassed({ replayed: { tokens } })).toEqual(['tokens failed']);
  expect(sentenceOf('tokens', { replayed: { tokens } })).toBe(
    '0 of 3 tokens are those that this engine finds likeliest. The first one too far off is token 2: the receipt has " t6" (6), this engine chooses " else" (99), 1.250 nats apart (rank 3). The largest gap is 2.000 nats, the tolerance 0.5.',
  );
});

test('what differs within the tolerance is said and passes', () => {
  const tokens = [token(5), other(6, 0.2), token(7)];
  expect(notPassed({ replayed: { tokens } })).toEqual([]);
  expect(sentenceOf('tokens', { replayed: { tokens } })).toContain('2 of 3 tokens');
  expect(sentenceOf('tokens', { replayed: { tokens } })).toContain('The first other one is token 2');
  expect(notPassed({ replayed: { tokens } }, 0.1)).toEqual(['tokens failed']);
});

test('draws are judged where the same engine drew them; elsewhere they can only confirm', () => {
  const sampled = { temperature: 0.7 };
  const tokens = [token(5), other(6, 1.25), token(7)];
  expect(sentenceOf('tokens', { made: sampled })).toBe(
    'All 3 tokens are those that this engine draws from seed 7 at temperature 0.7.',
  );
  expect(notPassed({ made: sampled, replayed: { tokens } })).toEqual(['tokens failed']);
  const elsewhere = { ...engine, engineHash: `0x${'2'.repeat(64)}` };
  expect(notPassed({ made: sampled }, 0.5, elsewhere)).toEqual([]);
  expect(notPassed({ made: sampled, replayed: { tokens } }, 0.5, elsewhere)).toEqual(['tokens skipped']);
  expect(notPassed({ made: { ...sampled, engineHash: null }, replayed: { tokens } })).toEqual(['tokens skipped']);
  expect(sentenceOf('tokens', { made: sampled, replayed: { tokens } }, 0.5, elsewhere)).toContain(
    '-0.90 nats a token on average, least for token 2, " t6" (6), with -2.50 (rank 3)',
  );
});

test('weights in other bits make another answer, which is no fraud where the receipt says so', () => {
  const tokens = [token(5), other(6, 1.25), token(7)];
  const narrow = { precision: 'int8-bfloat16' };
  expect(notPassed({ made: narrow, replayed: { tokens } })).toEqual(['tokens skipped']);
  expect(sentenceOf('tokens', { made: narrow, replayed: { tokens } })).toContain(
    'The receipt says that its engine keeps weights int8, and this one keeps them whole, so that nothing follows from it. Replay it on one that keeps them int8 (openlora serve --weights int8).',
  );
  expect(sentenceOf('tokens', { replayed: { tokens } }, 0.5, { ...engine, ...narrow })).toContain('--weights whole');
  // Who keeps them alike is judged, and so is who did not say that they are kept otherwise.
  expect(notPassed({ made: narrow, replayed: { tokens } }, 0.5, { ...engine, precision: 'int8-float32' })).toEqual([
    'tokens failed',
  ]);
  expect(notPassed({ made: { precision: null }, replayed: { tokens } })).toEqual(['tokens failed']);
  expect(notPassed({ made: { precision: 'bfloat16' }, replayed: { tokens } })).toEqual(['tokens failed']);
  // What comes out the same is the same, and what the choice of a token has no part in is judged as ever.
  expect(notPassed({ made: narrow })).toEqual([]);
  expect(notPassed({ made: narrow, replayed: { tokens, endsAt: 0 } })).toEqual(['tokens skipped', 'end failed']);
  expect(compareEngines({ ...made, ...narrow }, engine)).toContain('precision int8-bfloat16 there, float32 here');
});

test('an invented token count is found', () => {
  expect(notPassed({ replayed: { promptTokenIds: [4] } })).toEqual(['prompt tokens failed']);
  expect(notPassed({ replayed: { endsAt: 0 } })).toEqual(['end failed']);
  expect(sentenceOf('end', { replayed: { endsAt: 0 } })).toBe('The answer ends with token 1, but 2 more tokens are charged.');
  expect(notPassed({ replayed: { endsAt: null } })).toEqual(['end failed']);
  expect(notPassed({ made: { maxTokens: 2 } })).toEqual(['end failed']);
  expect(notPassed({ made: { finishReason: 'length' }, replayed: { endsAt: null } })).toEqual(['end failed']);
  expect(notPassed({ made: { finishReason: 'length', maxTokens: 3 }, replayed: { endsAt: null } })).toEqual([]);
});

test('a text that the tokens do not spell is found; a broken stream may lack its end', () => {
  expect(notPassed({ replayed: { text: 'Another answer.' } })).toEqual(['text failed']);
  const longer = { text: `${bundle.answer} And`, endsAt: null };
  expect(notPassed({ replayed: longer })).toEqual(['end failed', 'text failed']);
  expect(notPassed({ made: { finishReason: 'cancelled' }, replayed: longer })).toEqual([]);
  expect(notPassed({ made: { finishReason: 'cancelled' }, replayed: { text: 'Queues' } })).toEqual(['text failed']);
});

test('scores may differ by a share of the best one, also at the threshold', () => {
  const [best, ...rest] = attributed.records;
  if (!best) throw new Error('no records');
  const change = (by: number): Changes => ({ attributed: { records: [{ ...best, score: best.score + by }, ...rest] } });
  expect(notPassed(change(Math.floor(best.score * 0.019)))).toEqual([]);
  expect(sentenceOf('scores', change(100))).toContain(
    `record ${best.recordId}: ${best.score} in the receipt, ${best.score + 100} here`,
  );
  expect(notPassed(change(-Math.floor(best.score * 0.021)))).toEqual(['scores failed']);
  expect(notPassed({ attributed: { records: rest } })).toEqual(['scores failed']);
  const barely = { recordId: hash, cluster: hash, score: attributed.nullThreshold + 40 };
  expect(notPassed({ attributed: { records: [best, ...rest, barely] } })).toEqual([]);
  expect(notPassed({ attributed: { nullThreshold: 999 } })).toEqual(['scores failed']);
  expect(notPassed({ attributed: 'No index.' })).toEqual(['scores skipped']);
});

test('a record pushed off a full list counts by the distance to its end', () => {
  const full = Array.from({ length: 32 }, (_, index) => {
    const id: `0x${string}` = `0x${(index + 1).toString(16).padStart(64, '0')}`;
    return { recordId: id, cluster: id, score: 50_000 - 100 * index };
  });
  const [first] = bundle.evidence.records;
  if (!first) throw new Error('no records');
  const records = full.map(({ recordId, cluster, score }) => ({ ...first, recordId, cluster, partials: [score] }));
  const evidence = { ...bundle.evidence, records };
  const swapped = [...full.slice(0, 31), { recordId: hash, cluster: hash, score: 46_920 }];
  const found = { ...attributed, records: swapped };
  const checks = judgeReplay({ ...bundle, evidence }, made, replayed, found, engine);
  expect(checks.find(({ name }) => name === 'scores')).toMatchObject({ status: 'passed' });
});

test('other circumstances are named, also those that the receipt does not state', () => {
  const { threads: _, ...silent } = made;
  expect(compareEngines({ ...silent, device: 'cuda' }, engine)).toBe(
    'The receipt was made in other circumstances: device cuda there, cpu here; threads not stated there, 2 here.',
  );
});
