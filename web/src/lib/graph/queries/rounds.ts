import { graphql } from '@openledger/sdk/graph';

export const roundFields = graphql(`
  fragment RoundFields on EvaluationRound {
    id
    number
    status
    opener {
      id
    }
    releaseA {
      id
      releaseIndex
    }
    releaseB {
      id
      releaseIndex
    }
    modelA {
      id
      name
      owner {
        id
      }
    }
    modelB {
      id
      name
      owner {
        id
      }
    }
    questions
    assignmentHash
    salt
    documentCid
    bond
    bondReturned
    forfeited
    commitEnd
    revealEnd
    assignmentEnd
    committedCount
    judgeCount
    power
    scoreA
    gained
    struckBecause
    openedAt
    closedAt
  }
`);

export const roundsQuery = graphql(
  `
    query Rounds($where: EvaluationRound_filter) {
      evaluationRounds(first: 100, where: $where, orderBy: number, orderDirection: desc) {
        ...RoundFields
      }
    }
  `,
  [roundFields],
);

export const roundQuery = graphql(
  `
    query Round($id: ID!) {
      evaluationRound(id: $id) {
        ...RoundFields
        judgements(first: 1000, orderBy: committedAt) {
          id
          commitment
          ballot
          power
          judge {
            id
          }
        }
      }
    }
  `,
  [roundFields],
);
