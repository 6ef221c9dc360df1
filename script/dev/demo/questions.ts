import type { TrainingRecord } from '@openledger/sdk';
import type { Hex } from 'viem';
import { type Domain, domains } from './extract.ts';

/** What the caller asks about, best first; the first two of each domain that were trained on are asked. */
const topics: Record<Domain, string[]> = {
  token: [
    'ERC721Utils.checkOnERC721Received',
    'ERC721Enumerable.ERC721OutOfBoundsIndex',
    'SafeERC20.safeIncreaseAllowance',
    'IERC20.allowance',
  ],
  access: [
    'IAccessControlDefaultAdminRules.defaultAdmin',
    'IAccessManager.TargetFunctionRoleUpdated',
    'IAccessManager.RoleGrantDelayChanged',
  ],
  governance: [
    'TimelockController.isOperationPending',
    'TimelockController.CallScheduled',
    'TimelockController.MinDelayChange',
    'IVotes.getVotes',
  ],
};

export type Question = { domain: Domain; text: string; recordId: Hex };

/** Two questions per domain, about records that the model was trained on. */
export function chooseQuestions(
  records: Record<Domain, readonly { record: TrainingRecord; recordId: Hex }[]>,
  trained: ReadonlySet<Hex>,
): Question[] {
  return domains.flatMap((domain) => {
    const known = topics[domain].flatMap((title) => {
      const found = records[domain].find(({ record }) => record.source.title === title);
      return found && trained.has(found.recordId) ? [found] : [];
    });
    if (known.length < 2)
      throw new Error(`Fewer than two of the ${domain} topics were trained on: name others in script/dev/demo/questions.ts.`);
    return known.slice(0, 2).map(({ record, recordId }) => ({ domain, recordId, text: record.messages[0]?.content ?? '' }));
  });
}
