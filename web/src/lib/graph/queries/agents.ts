import { graphql } from '@openledger/sdk/graph';
import { termsFields } from './models.ts';

export const agentFields = graphql(
  `
    fragment AgentFields on Agent {
      id
      number
      name
      state
      version
      stake
      unbonding
      unbondsAt
      slashed
      slashCount
      createdAt
      updatedAt
      model {
        id
        number
        rating
        ratingCount
        owner {
          id
        }
        terms {
          ...TermsFields
        }
        releases(first: 100, orderBy: releaseIndex, orderDirection: desc) {
          id
          usage(first: 1000) {
            callCount
            agentSteps
            fees
          }
        }
      }
      latestVersion {
        manifestCid
        manifest {
          problem
          goal
          limitSteps
          limitSpend
          limitSeconds
          parts(first: 64, orderBy: position) {
            id
            kind
          }
        }
      }
    }
  `,
  [termsFields],
);

export const agentsQuery = graphql(
  `
    query Agents($where: Agent_filter, $orderBy: Agent_orderBy, $first: Int!) {
      agents(first: $first, where: $where, orderBy: $orderBy, orderDirection: desc) {
        ...AgentFields
      }
    }
  `,
  [agentFields],
);

export const agentQuery = graphql(
  `
    query Agent($id: ID!) {
      agent(id: $id) {
        ...AgentFields
        creator {
          id
        }
        latestVersion {
          manifestCid
          manifestHash
          manifest {
            problem
            instructions
            plan
            planModel
            stepCount
            parts(first: 64, orderBy: position) {
              id
              kind
              name
              purpose
              server
              model {
                id
                name
              }
              datanet {
                id
                name
              }
              agent {
                id
                name
              }
            }
          }
        }
        versions(first: 100, orderBy: version, orderDirection: desc) {
          id
          version
          manifestCid
          manifestHash
          timestamp
          transactionHash
          release {
            id
            usage(first: 1000) {
              callCount
              agentSteps
              fees
            }
            earnings(first: 1000) {
              address
              amount
            }
          }
        }
        events(first: 200, orderBy: timestamp, orderDirection: desc) {
          id
          kind
          amount
          reason
          timestamp
          transactionHash
          actor {
            id
          }
        }
      }
    }
  `,
  [agentFields],
);

/** What an agent may be composed of. */
export const agentChoicesQuery = graphql(`
  query AgentChoices {
    models(first: 200, where: { listed: true, agent: null }, orderBy: number) {
      id
      number
      name
    }
    datanets(first: 200, where: { retrievalAllowed: true, versionCount_gt: 0 }, orderBy: number) {
      id
      number
      name
    }
    agents(first: 200, where: { state: ACTIVE }, orderBy: number) {
      id
      number
      name
    }
  }
`);
