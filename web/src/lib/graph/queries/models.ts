import { graphql } from '@openledger/sdk/graph';
import { parentageFields } from './lineage.ts';
import { ratingFields } from './market.ts';

export const termsFields = graphql(`
  fragment TermsFields on Terms {
    version
    operatorBps
    developerBps
    parentsBps
    backersBps
    contributorsBps
    parents
    backers
    promptPrice
    completionPrice
    retrievalPrice
    agentStepPrice
    timestamp
  }
`);

export const modelsQuery = graphql(
  `
    query Models($where: Model_filter, $orderBy: Model_orderBy, $first: Int = 100) {
      models(first: $first, where: $where, orderBy: $orderBy, orderDirection: desc) {
        id
        number
        name
        listed
        releaseCount
        createdAt
        rating
        ratingCount
        judgedPoints
        judgedRounds
        salePrice
        listing {
          expiry
        }
        owner {
          id
        }
        card {
          description
        }
        terms {
          ...TermsFields
        }
        latestRelease {
          id
          releaseIndex
          baseModel
          indexRows
          createdAt
          fidelities(first: 1) {
            ldsBps
            lowBps
            highBps
          }
          manifest {
            datanets(first: 20) {
              datanet {
                id
                name
                licence
              }
            }
            evaluation {
              heldOutLossBefore
              heldOutLossAfter
              exactMatch
            }
          }
          usage(first: 1000) {
            callCount
            fees
          }
        }
      }
    }
  `,
  [termsFields],
);

export const modelQuery = graphql(
  `
    query Model($id: ID!) {
      model(id: $id) {
        id
        number
        name
        listed
        cardCid
        releaseCount
        termsVersion
        createdAt
        agent {
          id
        }
        rating
        ratingCount
        salePrice
        listing {
          expiry
          seller {
            id
          }
        }
        ratings(first: 100, orderBy: ratedAt, orderDirection: desc) {
          ...RatingFields
        }
        royalties
        derivation {
          version
          licence
          minimumBps
          allowed
          sameLicence
        }
        lineage {
          account
          licence
          owedBps
          depth
          sameLicence
        }
        parents(first: 8, orderBy: id) {
          ...ParentageFields
        }
        children(first: 50, orderBy: id) {
          ...ParentageFields
        }
        sales(first: 20, orderBy: timestamp, orderDirection: desc) {
          id
          price
          timestamp
          seller {
            id
          }
          buyer {
            id
          }
        }
        transactionHash
        agent {
          id
        }
        owner {
          id
        }
        developer {
          id
        }
        card {
          text
          description
        }
        terms {
          ...TermsFields
        }
        termsHistory(first: 50, orderBy: version, orderDirection: desc) {
          ...TermsFields
        }
        jobs(first: 20, orderBy: number, orderDirection: desc) {
          id
          number
          status
          openedAt
        }
        releases(first: 50, orderBy: releaseIndex, orderDirection: desc) {
          id
          releaseIndex
          baseModel
          trainingLogRoot
          indexRoot
          indexRows
          k
          nullThreshold
          manifestCid
          fidelities(first: 1) {
            ldsBps
            lowBps
            highBps
            runs
            dataCid
          }
          createdAt
          transactionHash
          job {
            number
            specCid
            price
            operator {
              id
            }
            spec {
              method
              rank
              epochs
              learningRate
            }
          }
          manifest {
            trainingLogCid
            indexCid
            evaluationCid
            fidelityStatus
            adapters(first: 10) {
              adapterId
              weightBps
            }
            datanets(first: 50) {
              root
              datanet {
                id
                name
                licence
                pool
              }
              version {
                version
                recordCount
              }
            }
            evaluation {
              heldOutLossBefore
              heldOutLossAfter
              exactMatch
              text
            }
          }
          usage(first: 1000) {
            callCount
            fees
            promptTokens
            completionTokens
          }
          earnings(first: 1000) {
            address
            amount
            batch {
              operatorAccount {
                id
              }
            }
          }
        }
      }
    }
  `,
  [termsFields, ratingFields, parentageFields],
);
