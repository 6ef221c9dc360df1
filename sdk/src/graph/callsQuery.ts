import { graphql, type ResultOf } from './graphql.ts';

/** A page of settled calls in the order of their ids, which never change: the next page begins after the last id. */
export const callsQuery = graphql(`
  query Calls($since: BigInt!, $after: Bytes!) {
    batchReceipts(
      first: 1000
      where: { timestamp_gte: $since, id_gt: $after, batch_: { status_not: VOID } }
      orderBy: id
      orderDirection: asc
    ) {
      id
      fee
      timestamp
      payer {
        id
        firstFunder {
          id
        }
      }
      batch {
        operatorAccount {
          id
          firstFunder {
            id
          }
        }
      }
      composition(first: 8) {
        weightBps
        release {
          model {
            id
            name
            owner {
              id
              firstFunder {
                id
              }
            }
            developer {
              id
              firstFunder {
                id
              }
            }
          }
        }
      }
    }
  }
`);

/** A settled call as its operator declared it. */
export type SettledCall = ResultOf<typeof callsQuery>['batchReceipts'][number];
