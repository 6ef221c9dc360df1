import { graphql } from '@openledger/sdk/graph';

export const protocolQuery = graphql(`
  query Protocol {
    protocol(id: "openledger") {
      datanetCount
      recordAcceptedCount
      contributionAcceptedCount
      modelCount
      releaseCount
      callCount
      fees
      allocated
      burned
      rewardsClaimed
      paidToContributors
      votesMinted
      votesFloor
      treasurySpent
      toTreasury
      operatorCount
      feeVersion {
        version
        protocolFeeBps
        burnBps
        contributorCapBps
      }
    }
  }
`);

export const activityQuery = graphql(`
  query Activity($first: Int!, $without: String!) {
    activities(first: $first, where: { actor_not: $without }, orderBy: timestamp, orderDirection: desc) {
      id
      kind
      amount
      timestamp
      transactionHash
      actor {
        id
      }
      datanet {
        id
        name
      }
      contribution {
        id
        datanet {
          id
          name
        }
      }
      model {
        id
        name
        agent {
          id
        }
      }
      job {
        id
        model {
          id
          name
        }
      }
      batch {
        id
        batchIndex
        callCount
        fees
      }
      proposal {
        id
        title
      }
    }
  }
`);

export const payoutsQuery = graphql(`
  query Payouts($first: Int!) {
    rewardClaims(first: $first, orderBy: timestamp, orderDirection: desc) {
      id
      amount
      timestamp
      transactionHash
      account {
        id
      }
    }
    poolClaims(first: $first, orderBy: timestamp, orderDirection: desc) {
      id
      amount
      timestamp
      transactionHash
      account {
        id
      }
      datanet {
        id
        name
      }
    }
  }
`);
