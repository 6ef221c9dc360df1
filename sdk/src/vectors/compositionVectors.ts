import type { Hex } from 'viem';
import { allocateComposed, type ComposedInput, divideByWeight } from '../allocation/allocateComposed.ts';
import { allocationTables, castOf, column, inputOf, type Kind, kinds } from './allocationVectors.ts';
import { type Random, seededRandom } from './random.ts';

const cases = 168;

/** Two to five releases; now and then one has no weight, or all nearly the same. */
function weightsOf(random: Random): number[] {
  const count = 2 + random.below(4);
  const cuts = Array.from({ length: count - 1 }, () => (random.below(8) === 0 ? 5_000 : random.below(10_001)));
  const places = [0, ...cuts.sort((a, b) => a - b), 10_000];
  return places.slice(1).map((place, index) => place - (places[index] as number));
}

/** composition.json: allocations of answers that several releases gave. Format: generate.ts. */
export function compositionVectors() {
  const random = seededRandom('openledger composition');
  const cast = castOf(random);
  const tables = allocationTables(cast);
  const composed = column('base', 'markup', 'firstCall', 'firstAllocation');
  const sums = column('account', 'amount', 'weight');
  const weight = column('weightBps');

  for (let number = 0; number < cases; number += 1) {
    const kind = kinds[number % kinds.length] as Kind;
    const common = inputOf(random, cast, kind);
    const weights = weightsOf(random);
    const [bases, markups] = [divideByWeight(common.base, weights), divideByWeight(common.markup, weights)];
    const own = weights.map((weightBps, index) => {
      const { terms, developer, evidence, fidelityBps } = inputOf(random, cast, kind);
      const releaseHash = cast.ids[index] as Hex;
      const records = evidence.records.slice(0, 6).map((record) => ({ ...record, releaseHash }));
      const datanets = common.pools.flatMap(({ datanetId }) => (random.below(3) > 0 ? [datanetId] : []));
      const owner = random.below(3) === 0 ? developer : random.pick(cast.accounts.slice(10, 20));
      const { nullThreshold } = evidence;
      return { releaseHash, weightBps, terms, developer: owner, datanets, nullThreshold, fidelityBps, records };
    });
    const { passages } = common.evidence;
    const spans = common.evidence.spans.map((span) => ({
      ...span,
      sources: span.sources.map((source) => ({ ...source, releaseHash: random.pick(own).releaseHash })),
    }));
    const input: ComposedInput = {
      ...common,
      releases: own,
      evidence: { records: own.flatMap(({ records }) => records), spans, passages },
    };
    composed.push({
      base: common.base.toString(),
      markup: common.markup.toString(),
      firstCall: tables.cases(),
      firstAllocation: sums.length(),
    });
    for (const { account, amount, weight: votes } of allocateComposed(input).allocations)
      sums.push({ account: cast.accounts.indexOf(account), amount: amount.toString(), weight: votes.toString() });
    for (const [index, part] of own.entries()) {
      const { releaseHash, weightBps, terms, developer, nullThreshold, fidelityBps, records, datanets } = part;
      const pools = common.pools.filter(({ datanetId }) => datanets.includes(datanetId));
      const share = { base: bases[index] ?? 0n, markup: markups[index] ?? 0n };
      const quoted = spans.map((span) => ({
        ...span,
        sources: span.sources.filter((source) => source.releaseHash === releaseHash),
      }));
      const evidence = { nullThreshold, records, spans: quoted.filter(({ sources }) => sources.length > 0), passages };
      tables.push(kind, { ...common, ...share, terms, developer, evidence, fidelityBps, pools });
      weight.push({ weightBps });
    }
  }
  return { ...tables.values(), weights: weight.values, composed: composed.values, sums: sums.values };
}
