import { BigInt, Bytes, JSONValue } from '@graphprotocol/graph-ts';
import { BatchReceipt, ReleaseEarning, ReleaseUsage } from '../../generated/schema';
import { childId } from '../entities/ids';
import { amountOf, asObject, bytesOf, intOf } from '../decode/json';

/** Shares are in basis points. */
const WHOLE = BigInt.fromI32(10000);
const ONE = BigInt.fromI32(1);

/** Adds up calls, fees and earnings by release over one batch file or page. */
export class ReleaseTotals {
  batch: Bytes;
  prefix: Bytes;
  usage: Map<string, ReleaseUsage> = new Map<string, ReleaseUsage>();
  earnings: Map<string, ReleaseEarning> = new Map<string, ReleaseEarning>();

  constructor(batch: Bytes, page: i32) {
    this.batch = batch;
    this.prefix = childId(batch, page);
  }

  add(receipt: BatchReceipt, composition: JSONValue[], allocations: JSONValue[]): void {
    for (let i = 0; i < composition.length; i++) {
      const component = asObject(composition[i]);
      const release = bytesOf(component, 'releaseHash', 32);
      const weight = BigInt.fromI32(intOf(component, 'weightBps'));
      const usage = this.usageOf(release);
      usage.callCount = usage.callCount.plus(ONE);
      usage.fees = usage.fees.plus(receipt.fee.times(weight).div(WHOLE));
      usage.promptTokens = usage.promptTokens.plus(receipt.promptTokens);
      usage.completionTokens = usage.completionTokens.plus(receipt.completionTokens);
      usage.agentSteps = usage.agentSteps.plus(receipt.agentSteps);
      for (let j = 0; j < allocations.length; j++) {
        const allocation = asObject(allocations[j]);
        const earning = this.earningOf(release, bytesOf(allocation, 'account', 20));
        earning.amount = earning.amount.plus(amountOf(allocation, 'amount').times(weight).div(WHOLE));
        earning.weight = earning.weight.plus(amountOf(allocation, 'weight').times(weight).div(WHOLE));
      }
    }
  }

  private usageOf(release: Bytes): ReleaseUsage {
    const key = release.toHexString();
    if (this.usage.has(key)) return this.usage.get(key);
    const usage = new ReleaseUsage(this.prefix.concat(release));
    usage.batch = this.batch;
    usage.releaseHash = release;
    usage.release = release;
    usage.callCount = BigInt.zero();
    usage.fees = BigInt.zero();
    usage.promptTokens = BigInt.zero();
    usage.completionTokens = BigInt.zero();
    usage.agentSteps = BigInt.zero();
    this.usage.set(key, usage);
    return usage;
  }

  private earningOf(release: Bytes, address: Bytes): ReleaseEarning {
    const key = release.toHexString() + address.toHexString();
    if (this.earnings.has(key)) return this.earnings.get(key);
    const earning = new ReleaseEarning(this.prefix.concat(release).concat(address));
    earning.batch = this.batch;
    earning.releaseHash = release;
    earning.release = release;
    earning.address = address;
    earning.account = address;
    earning.amount = BigInt.zero();
    earning.weight = BigInt.zero();
    this.earnings.set(key, earning);
    return earning;
  }

  save(): void {
    const usages = this.usage.values();
    for (let i = 0; i < usages.length; i++) usages[i].save();
    const earnings = this.earnings.values();
    for (let i = 0; i < earnings.length; i++) earnings[i].save();
  }
}
