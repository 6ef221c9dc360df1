import { graphql } from '@openledger/sdk/graph';

export const proposalFields = graphql(`
  fragment ProposalFields on Proposal {
    id
    proposalId
    kind
    title
    description
    status
    voteStart
    voteEnd
    quorum
    forVotes
    againstVotes
    abstainVotes
    forContribution
    againstContribution
    abstainContribution
    forCapital
    againstCapital
    abstainCapital
    ballotCount
    eta
    createdAt
    queuedAt
    executedAt
    canceledAt
    transactionHash
    executedTransactionHash
    targets
    values
    calldatas
    proposer {
      id
    }
    governor {
      id
      kind
      timelock
    }
  }
`);

export const proposalsQuery = graphql(
  `
    query Proposals($where: Proposal_filter) {
      proposals(first: 100, where: $where, orderBy: createdAt, orderDirection: desc) {
        ...ProposalFields
      }
    }
  `,
  [proposalFields],
);

export const proposalQuery = graphql(
  `
    query Proposal($id: ID!) {
      proposal(id: $id) {
        ...ProposalFields
        votes(first: 200, orderBy: weight, orderDirection: desc) {
          id
          support
          weight
          contribution
          capital
          reason
          timestamp
          transactionHash
          voter {
            id
          }
        }
      }
    }
  `,
  [proposalFields],
);

export const delegatesQuery = graphql(`
  query Delegates {
    accounts(first: 200, where: { or: [{ openVotes_gt: "0" }, { contributionVotes_gt: "0" }] }) {
      id
      openVotes
      contributionVotes
      ballotCount
      delegators(first: 1000) {
        delegator {
          id
        }
      }
    }
    protocol(id: "openledger") {
      votesMinted
      votesDelegated
      votesFloor
      openDelegated
    }
  }
`);

export const powerSourcesQuery = graphql(`
  query PowerSources($address: Bytes!, $account: String!) {
    releaseEarnings(
      first: 1000
      where: { address: $address, weight_gt: "0", batch_: { status: FINAL } }
      orderBy: weight
      orderDirection: desc
    ) {
      id
      weight
      amount
      releaseHash
      release {
        id
        model {
          id
          name
        }
      }
      batch {
        settledAt
      }
    }
    delegations(first: 1000, where: { delegate: $account }) {
      id
      source
      updatedAt
      delegator {
        id
        openBalance
        votesMinted
      }
    }
    protocol(id: "openledger") {
      votesMinted
      votesDelegated
      votesFloor
      openDelegated
    }
  }
`);

export const delegationsQuery = graphql(`
  query Delegations($account: String!) {
    delegations(first: 10, where: { delegator: $account }) {
      id
      source
      delegate {
        id
      }
    }
    received: delegations(first: 100, where: { delegate: $account }) {
      id
      source
      delegator {
        id
      }
    }
    governors(first: 10) {
      id
      kind
      timelock
      votingDelay
      votingPeriod
      proposalThreshold
    }
  }
`);
