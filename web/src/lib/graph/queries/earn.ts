import { graphql } from '@openledger/sdk/graph';

export const earningsQuery = graphql(`
  query Earnings($account: ID!, $accountString: String!, $address: Bytes!) {
    account(id: $account) {
      id
      openBalance
      votesMinted
      contributionVotes
      rewardsClaimed
      poolClaimed
      trainingPaid
      earned
      spent
      contributionAcceptedCount
      recordAcceptedCount
      reviewCount
    }
    rewardClaims(first: 50, where: { account: $accountString }, orderBy: timestamp, orderDirection: desc) {
      id
      amount
      timestamp
      transactionHash
    }
    votesClaims(first: 50, where: { account: $accountString }, orderBy: timestamp, orderDirection: desc) {
      id
      weight
      timestamp
      transactionHash
    }
    poolClaims(first: 50, where: { account: $accountString }, orderBy: timestamp, orderDirection: desc) {
      id
      amount
      timestamp
      transactionHash
      datanet {
        id
        name
      }
    }
    datanetContributors(first: 50, where: { account: $accountString, contributionAcceptedCount_gt: 0 }) {
      id
      recordCount
      poolClaimed
      datanet {
        id
        name
        pool
        recordCount
      }
    }
    batchAllocations(
      first: 20
      where: { address: $address, amount_gt: "0" }
      orderBy: receipt__timestamp
      orderDirection: desc
    ) {
      id
      amount
      weight
      batch {
        batchIndex
        status
        settledAt
        finalAt
        finalizedAt
      }
      receipt {
        id
        channelId
        sequence
        timestamp
        fee
      }
    }
  }
`);
