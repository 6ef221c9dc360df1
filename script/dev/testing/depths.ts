/** How far forge's fuzz tests and invariants went, as its lines of passed and failed tests say. */
export interface Depth {
  fuzzTests: number;
  fuzzRuns: number;
  /** Invariants, each with a campaign of its own. */
  campaigns: number;
  calls: number;
  reverts: number;
}

export function depthOf(output: string): Depth {
  const depth = { fuzzTests: 0, fuzzRuns: 0, campaigns: 0, calls: 0, reverts: 0 };
  for (const line of output.split('\n')) {
    if (!/^\[(PASS|FAIL)/.test(line)) continue;
    // `[PASS] invariant_x() (runs: 48, calls: 3072, reverts: 0)`
    const campaign = /\(runs: \d+, calls: (\d+), reverts: (\d+)\)/.exec(line);
    // `[PASS] testFuzz_x(uint96) (runs: 256, μ: 3441973, ~: 3475817)`
    const fuzz = /\(runs: (\d+), μ/.exec(line);
    if (campaign) {
      depth.campaigns += 1;
      depth.calls += Number(campaign[1]);
      depth.reverts += Number(campaign[2]);
    } else if (fuzz) {
      depth.fuzzTests += 1;
      depth.fuzzRuns += Number(fuzz[1]);
    }
  }
  return depth;
}

export function addDepths(a: Depth, b: Depth): Depth {
  return {
    fuzzTests: a.fuzzTests + b.fuzzTests,
    fuzzRuns: a.fuzzRuns + b.fuzzRuns,
    campaigns: a.campaigns + b.campaigns,
    calls: a.calls + b.calls,
    reverts: a.reverts + b.reverts,
  };
}
