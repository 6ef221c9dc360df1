import { graphql } from '../graphql.ts';

/** Settled usage, final revenue, minted votes and what went wrong, by hour or day since a time in microseconds. */
export const usageSeriesQuery = graphql(`
  query UsageSeries($interval: Aggregation_interval!, $since: Timestamp!) {
    usageStats_collection(
      interval: $interval
      current: include
      first: 100
      where: { timestamp_gte: $since }
      orderBy: timestamp
      orderDirection: desc
    ) {
      timestamp
      calls
      fees
      batches
    }
  }
`);

export const revenueSeriesQuery = graphql(`
  query RevenueSeries($interval: Aggregation_interval!, $since: Timestamp!) {
    revenueStats_collection(
      interval: $interval
      current: include
      first: 100
      where: { timestamp_gte: $since }
      orderBy: timestamp
      orderDirection: desc
    ) {
      timestamp
      net
      burned
      toTreasury
      batches
    }
  }
`);

export const votesSeriesQuery = graphql(`
  query VotesSeries($interval: Aggregation_interval!, $since: Timestamp!) {
    votesStats_collection(
      interval: $interval
      current: include
      first: 100
      where: { timestamp_gte: $since }
      orderBy: timestamp
      orderDirection: desc
    ) {
      timestamp
      minted
      mints
    }
  }
`);

export const faultSeriesQuery = graphql(`
  query FaultSeries($interval: Aggregation_interval!, $since: Timestamp!) {
    slashStats_collection(
      interval: $interval
      current: include
      first: 100
      where: { timestamp_gte: $since }
      orderBy: timestamp
      orderDirection: desc
    ) {
      timestamp
      slashed
      reward
      slashes
    }
    refundStats_collection(
      interval: $interval
      current: include
      first: 100
      where: { timestamp_gte: $since }
      orderBy: timestamp
      orderDirection: desc
    ) {
      timestamp
      amount
      refunds
    }
  }
`);

/** Who earned most, of all time, with what they earned by. */
export const earnersQuery = graphql(`
  query Earners {
    accounts(first: 1000, where: { earned_gt: "0" }, orderBy: earned, orderDirection: desc) {
      id
      earned
      rewardsClaimed
      poolClaimed
      trainingPaid
      recordAcceptedCount
    }
  }
`);

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
      }
      batch {
        operatorAccount {
          id
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
            }
            developer {
              id
            }
          }
        }
      }
    }
  }
`);
