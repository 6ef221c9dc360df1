import { graphql } from '@openledger/sdk/graph';

export const modelProposalFields = graphql(`
  fragment ModelProposalFields on ModelProposal {
    id
    number
    status
    name
    goal
    raised
    backerCount
    deadline
    passMarkBps
    scoreBps
    capBps
    bond
    backersBps
    contributorsBps
    operatorBps
    developerBps
    promptPrice
    completionPrice
    reportBy
    disputeUntil
    openCaseCount
    endReason
    spent
    createdAt
    startedAt
    finishedAt
    transactionHash
    proposer {
      id
    }
    spec {
      description
    }
  }
`);

export const modelProposalsQuery = graphql(
  `
    query ModelProposals($where: ModelProposal_filter, $orderBy: ModelProposal_orderBy, $first: Int!) {
      modelProposals(first: $first, where: $where, orderBy: $orderBy, orderDirection: desc) {
        ...ModelProposalFields
      }
    }
  `,
  [modelProposalFields],
);

export const modelProposalQuery = graphql(
  `
    query ModelProposal($id: ID!) {
      modelProposal(id: $id) {
        ...ModelProposalFields
        specCid
        trainingCid
        itemsCid
        outputsCid
        itemsCommitment
        bondTo {
          id
        }
        spec {
          text
          problem
        }
        model {
          id
          name
        }
        job {
          id
          number
          status
          openUntil
          deliverBy
          price
          attestedAt
          quotes(first: 50, orderBy: price) {
            id
            price
            duration
            checkpoints
            accepted
            operator {
              id
            }
          }
        }
        shares {
          id
          units
          cap
          divided
          claimed
          positions(first: 100, orderBy: units, orderDirection: desc) {
            id
            units
            claimed
            holder {
              id
            }
          }
        }
        datanets(first: 16, orderBy: index) {
          id
          index
          total
          yes
          no
          datanet {
            id
            number
            name
            provider {
              id
            }
          }
          version {
            version
            cid
            recordCount
          }
          grant {
            id
            number
            status
          }
          votes(first: 100, orderBy: timestamp) {
            id
            contributor {
              id
            }
          }
        }
        backings(first: 100, orderBy: amount, orderDirection: desc) {
          id
          amount
          collected
          returned
          backer {
            id
          }
        }
        steps(first: 200, orderBy: timestamp, orderDirection: desc) {
          id
          kind
          amount
          timestamp
          transactionHash
          actor {
            id
          }
        }
      }
    }
  `,
  [modelProposalFields],
);

export const versionedDatanetsQuery = graphql(`
  query VersionedDatanets {
    datanets(first: 100, where: { versionCount_gt: 0 }, orderBy: recordCount, orderDirection: desc) {
      id
      number
      name
      domain
      licence
      latestVersion {
        version
        root
        recordCount
      }
    }
  }
`);

export const myContributionsQuery = graphql(`
  query MyContributions($where: Contribution_filter) {
    contributions(first: 200, where: $where, orderBy: number) {
      id
      number
    }
  }
`);
