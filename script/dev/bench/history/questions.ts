/** Ten queries that pages and analysts ask most; `$at` is a number that differs from call to call. */
export const questions: { name: string; query: (at: number) => string }[] = [
  {
    name: 'front page: totals',
    query: () => '{ protocol(id: "openledger") { datanetCount modelCount operatorCount callCount fees burned accountCount } }',
  },
  {
    name: 'front page: what happened last',
    query: (at) =>
      `{ activities(first: ${10 + (at % 10)}, orderBy: timestamp, orderDirection: desc) { kind timestamp actor { id } } }`,
  },
  {
    name: 'models: newest, listed',
    query: (at) =>
      `{ models(first: 50, skip: ${at * 50}, where: { listed: true }, orderBy: createdAt, orderDirection: desc) { id name owner { id } terms { completionPrice } latestRelease { id baseModel } } }`,
  },
  {
    name: 'models: by a part of the name',
    query: (at) =>
      `{ models(first: 50, where: { name_contains_nocase: "of ${at % 50}", listed: true }, orderBy: name) { id name } }`,
  },
  {
    name: 'a model with its terms and releases',
    query: (at) =>
      `{ model(id: "${1 + at * 97}") { name owner { id } terms { completionPrice contributorsBps } releases { id indexRows usage { callCount } } } }`,
  },
  {
    name: 'governance: proposals with their tallies',
    query: (at) =>
      `{ proposals(first: 50, skip: ${(at % 19) * 50}, orderBy: createdAt, orderDirection: desc) { id title status forContribution forCapital voteEnd governor { kind } } }`,
  },
  {
    name: 'a proposal with its votes',
    query: (at) =>
      `{ proposals(first: 1, skip: ${at * 7}, orderBy: createdAt) { description votes(first: 100, orderBy: weight, orderDirection: desc) { voter { id } support weight reason } } }`,
  },
  {
    name: 'who earned most',
    query: (at) =>
      `{ accounts(first: ${50 + (at % 50)}, where: { earned_gt: "0" }, orderBy: earned, orderDirection: desc) { id earned rewardsClaimed recordAcceptedCount } }`,
  },
  {
    name: 'operators with their last batches',
    query: (at) =>
      `{ operators(orderBy: fees, orderDirection: desc) { id stake fees callCount batches(first: ${1 + (at % 5)}, orderBy: batchIndex, orderDirection: desc) { batchIndex status finalAt } } }`,
  },
  {
    name: 'usage by the hour',
    query: (at) =>
      `{ usageStats_collection(interval: hour, current: include, first: ${50 + (at % 50)}) { timestamp calls fees batches } }`,
  },
];
