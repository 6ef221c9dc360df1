import { ServiceError } from '../errors.ts';

const hour = 3_600_000; // ms

/** What an operator carries to the chain at its own gas within an hour: of one account, and of all. */
const mostPerAccount = 10;
const mostOfAll = 300;

/**
 * Counts what was relayed within the last hour, in memory: a restart forgets it. An account is counted after its signature
 * was found good, so that nobody uses up another's share.
 * @returns takes one for an account, or throws `too_many_requests`
 */
export function createRelayLimit(clock: () => number = Date.now) {
  let relayed: { account: string; at: number }[] = [];
  return (account: string): void => {
    const from = clock() - hour;
    relayed = relayed.filter(({ at }) => at > from);
    const mine = relayed.filter((one) => one.account === account.toLowerCase());
    const full = mine.length >= mostPerAccount ? mine : relayed.length >= mostOfAll ? relayed : undefined;
    if (full) {
      const retryAfter = Math.ceil(((full[0]?.at ?? from) - from) / 1000);
      const whose = full === mine ? `of yours` : 'of all';
      throw new ServiceError(
        429,
        'too_many_requests',
        `This operator has carried as many signatures ${whose} as it does in an hour: try again later, or send a transaction of your own.`,
        { retryAfter },
      );
    }
    relayed.push({ account: account.toLowerCase(), at: clock() });
  };
}
