import { graphql } from '@openledger/sdk/graph';

/** All that the treasury owes, paid and budgeted; of its payments the newest, and the amounts of those since a time. */
export const treasuryQuery = graphql(`
  query Treasury($since: BigInt!) {
    protocol(id: "openledger") {
      treasurySpent
      treasuryStreamed
      treasuryPromised
    }
    recent: treasurySpends(first: 1000, where: { timestamp_gte: $since }, orderBy: timestamp, orderDirection: desc) {
      amount
    }
    treasurySpends(first: 20, orderBy: timestamp, orderDirection: desc) {
      id
      amount
      purpose
      timestamp
      category {
        name
      }
      to {
        id
      }
      proposal {
        id
        title
      }
    }
    treasuryStreams(first: 1000, orderBy: number, orderDirection: desc) {
      id
      number
      opened
      total
      withdrawn
      start
      duration
      endedAt
      purpose
      category {
        name
      }
      recipient {
        id
      }
      proposal {
        id
        title
      }
    }
    treasuryCategories(first: 100, orderBy: spent, orderDirection: desc) {
      id
      name
      spent
      streamed
      promised
      cap
      period
    }
  }
`);

/** What reached the treasury by source and hour or day, since a time in microseconds. */
export const incomeSeriesQuery = graphql(`
  query IncomeSeries($interval: Aggregation_interval!, $since: Timestamp!, $current: Aggregation_current!) {
    treasuryIncomeStats_collection(
      interval: $interval
      current: $current
      first: 300
      where: { timestamp_gte: $since }
      orderBy: timestamp
      orderDirection: desc
    ) {
      timestamp
      source
      amount
    }
  }
`);
