import { parseJsonl } from '../records/parseJsonl.ts';
import { recordSchema } from '../records/record.ts';
import { recordId } from '../records/recordId.ts';
import { recordsTree } from '../records/recordsRoot.ts';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { clusterRecords } from '../similarity/clusterRecords.ts';

const source = '"source":{"title":"T","path":"a/b.sol","version":"5.7.0","licence":"MIT"}';
const record = (question: string, answer: string): string =>
  `{"messages":[{"role":"user","content":${question}},{"role":"assistant","content":${answer}}],${source}}`;

/** Lines as a file may hold them; whatever their spelling, only the value counts. */
const valid = [
  record('"What does `queue` do?"', '"Queues a proposal."'),
  record('"What does `queue`  do?"', '"Queues a  proposal."'),
  `{ ${source} , "messages" : [ { "content" : "Swapped keys" , "role" : "user" } , { "role":"assistant","content":"ok" } ] }`,
  record('"Escapes: \\u00e9 \\u000a \\t \\" \\\\ \\/ \\u2028 \\u007f \\u001f"', '"é\\n"'),
  record('"什麼是重入攻擊?"', '"合約在狀態更新前被再次呼叫。"'),
  record('"Emoji \\ud83d\\ude00 and 😀"', '"é is not e\u0301"'),
  record('"e\\u0301"', '"\\u00e9"'),
  `{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}],${source}}`,
  record('"Numbers stay text: 1e3 1.0"', '"</script> <!-- & -->"'),
];

/** Lines that are no record. */
const invalid = [
  '{',
  '[]',
  'null',
  '{"messages":[],"source":{}}',
  record('""', '"empty question"'),
  record('"half a pair \\ud800"', '"x"'),
  record('"nul \\u0000"', '"x"'),
  `{"messages":[{"role":"user","content":"only a question"},{"role":"user","content":"again"}],${source}}`,
  `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],${source},"extra":1}`,
  `{"messages":[{"role":"tool","content":"q"},{"role":"assistant","content":"a"}],${source}}`,
  '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"source":{"title":"T","path":"p","version":1,"licence":"MIT"}}',
];

/** records.json: record ids, the root over them, clusters, and lines that are refused. Format: generate.ts. */
export function recordVectors() {
  const records = valid.map((line) => recordSchema.parse(JSON.parse(line)));
  for (const line of invalid) {
    if (parseJsonl(line).errors.length === 0) throw new Error(`This line should be refused: ${line}`);
  }
  const ids = records.map(recordId);
  const tokens = ids.map((_, index) => index * 7);
  return {
    line: valid,
    canonical: records.map(canonicalJson),
    recordId: ids,
    cluster: clusterRecords(records),
    recordsRoot: recordsTree(ids).root,
    tokens,
    recordsRootWithTokens: recordsTree(ids, tokens).root,
    invalid,
  };
}
