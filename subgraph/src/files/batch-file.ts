import { BigInt, Bytes, DataSourceContext, dataSource, JSONValue, JSONValueKind } from '@graphprotocol/graph-ts';
import { BatchPage as BatchPageTemplate } from '../../generated/templates';
import { BatchFile, BatchPage, BatchReward } from '../../generated/schema';
import { bytes4, childId } from '../entities/ids';
import { amountOf, asObject, asString, bytesOf, JsonObject, listOf, parseObject, parseProblem } from '../decode/json';
import { recordReceipts } from './batch-receipts';

/** Most that is read of a batch file or page, in bytes: the protocol pages above 256 KiB; rewards are not paged. */
const MAX_BATCH_BYTES: i32 = 4194304;
/** Most pages of a batch file. */
const MAX_PAGES: i32 = 1024;

/** Saves the file as unreadable or contradictory. */
function refuse(file: BatchFile, problem: string): void {
  file.problem = problem;
  file.save();
}

/** Cumulative rewards after the batch; returns how they contradict the chain, null if they do not. */
function recordRewards(batch: Bytes, object: JsonObject, context: DataSourceContext): string | null {
  const rewards = listOf(object, 'rewards');
  let amount = BigInt.zero();
  let weight = BigInt.zero();
  for (let i = 0; i < rewards.length; i++) {
    const source = asObject(rewards[i]);
    const reward = new BatchReward(childId(batch, i));
    reward.batch = batch;
    reward.batchIndex = context.getI32('batchIndex');
    reward.operatorAddress = context.getBytes('operator');
    reward.address = bytesOf(source, 'account', 20);
    reward.account = reward.address;
    reward.amount = amountOf(source, 'amount');
    reward.weight = amountOf(source, 'weight');
    reward.save();
    amount = amount.plus(reward.amount);
    weight = weight.plus(reward.weight);
  }
  const agrees = amount == context.getBigInt('rewardsAmount') && weight == context.getBigInt('rewardsWeight');
  if (agrees) return null;
  return 'The rewards do not add up to what the chain says.';
}

function requestPages(pages: JSONValue[], context: DataSourceContext): void {
  for (let i = 0; i < pages.length; i++) {
    const cid = asString(pages[i]);
    if (cid === null) continue;
    const child = new DataSourceContext();
    child.setBytes('batch', context.getBytes('batch'));
    child.setI32('page', i + 1);
    BatchPageTemplate.createWithContext(cid, child);
  }
}

/** The file of a batch (docs/wire.md), checked against what the chain says of it. */
export function handleBatchFile(data: Bytes): void {
  const context = dataSource.context();
  const batch = context.getBytes('batch');
  const file = new BatchFile(batch);
  file.batch = batch;
  file.cid = dataSource.stringParam();
  file.size = data.length;
  file.receiptCount = 0;
  file.pageCount = 0;
  const object = parseObject(data, MAX_BATCH_BYTES);
  if (object === null) return refuse(file, parseProblem(data, MAX_BATCH_BYTES));

  const parameters = object.get('parameters');
  if (parameters !== null && parameters.kind == JSONValueKind.OBJECT) file.parameters = stringify(parameters, 0);
  const pages = listOf(object, 'pages');
  if (pages.length > MAX_PAGES) return refuse(file, 'The file has more than 1,024 pages.');
  file.pageCount = pages.length;
  requestPages(pages, context);

  const sums = recordReceipts(batch, 0, object);
  file.receiptCount = sums.count;
  let problem = recordRewards(batch, object, context);
  if (pages.length == 0) {
    if (BigInt.fromI32(sums.count) != context.getBigInt('callCount'))
      problem = 'The number of receipts is not what the chain says.';
    else if (sums.fees != context.getBigInt('fees')) problem = 'The fees do not add up to what the chain says.';
    else if (sums.allocated != context.getBigInt('allocated')) problem = 'The allocations do not add up to what the chain says.';
  }
  file.problem = problem;
  file.save();
}

/** A page of a batch file: `{ receipts }`. */
export function handleBatchPage(data: Bytes): void {
  const context = dataSource.context();
  const batch = context.getBytes('batch');
  const number = context.getI32('page');
  const page = new BatchPage(batch.concat(bytes4(number)));
  page.batch = batch;
  page.page = number;
  page.cid = dataSource.stringParam();
  page.size = data.length;
  page.receiptCount = 0;
  const object = parseObject(data, MAX_BATCH_BYTES);
  if (object === null) page.problem = parseProblem(data, MAX_BATCH_BYTES);
  else page.receiptCount = recordReceipts(batch, number, object).count;
  page.save();
}

/** JSON text of a small value, at most 8 levels deep. */
function stringify(value: JSONValue, depth: i32): string {
  if (value.kind == JSONValueKind.BOOL) return value.toBool() ? 'true' : 'false';
  if (value.kind == JSONValueKind.NUMBER) return changetype<string>(value.data as usize);
  if (value.kind == JSONValueKind.STRING) return quote(value.toString());
  if (depth == 8 || value.kind == JSONValueKind.NULL) return 'null';
  const parts: string[] = [];
  if (value.kind == JSONValueKind.ARRAY) {
    const list = value.toArray();
    for (let i = 0; i < list.length; i++) parts.push(stringify(list[i], depth + 1));
    return '[' + parts.join(',') + ']';
  }
  const entries = value.toObject().entries;
  for (let i = 0; i < entries.length; i++) parts.push(quote(entries[i].key) + ':' + stringify(entries[i].value, depth + 1));
  return '{' + parts.join(',') + '}';
}

function quote(text: string): string {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code == 34 || code == 92) quoted += '\\' + text.charAt(i);
    else if (code < 32) quoted += '\\u00' + (code < 16 ? '0' : '1') + '0123456789abcdef'.charAt(code & 15);
    else quoted += text.charAt(i);
  }
  return quoted + '"';
}
