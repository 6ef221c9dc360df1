import { graphql } from '@openledger/sdk/graph';

/** Settled usage, final revenue and minted votes, by hour or day since a time in microseconds. */
export const usageSeriesQuery = graphql(`
  query UsageSeries($interval: Aggregation_interval!, $since: Timestamp!, $current: Aggregation_current!) {
    usageStats_collection(
      interval: $interval
      current: $current
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
  query RevenueSeries($interval: Aggregation_interval!, $since: Timestamp!, $current: Aggregation_current!) {
    revenueStats_collection(
      interval: $interval
      current: $current
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
  query VotesSeries($interval: Aggregation_interval!, $since: Timestamp!, $current: Aggregation_current!) {
    votesStats_collection(
      interval: $interval
      current: $current
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

/** What operators lost by proofs, and what their payers got back, since a time in Unix seconds. */
export const faultsQuery = graphql(`
  query Faults($since: BigInt!) {
    slashes(first: 1000, where: { timestamp_gte: $since }, orderBy: timestamp, orderDirection: desc) {
      amount
      reward
      timestamp
      operator {
        id
      }
    }
    refunds(first: 1000, where: { timestamp_gte: $since }, orderBy: timestamp, orderDirection: desc) {
      amount
      timestamp
      payer {
        id
      }
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
