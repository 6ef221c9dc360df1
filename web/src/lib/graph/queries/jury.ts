import { graphql } from '@openledger/sdk/graph';

export const caseFields = graphql(`
  fragment CaseFields on JuryCase {
    id
    number
    accused {
      id
    }
    filer {
      id
    }
    question
    status
    target
    object
    releaseHash
    batchIndex
    detail
    bond
    round
    seats
    drawn
    seedBlock
    drawBy
    commitBy
    revealBy
    statementCid
    answerCid
    filedAt
    verdict {
      guilty
      innocent
      slashed
      compensation
      timestamp
    }
    votes(first: 100) {
      round
      choice
      isNoShow
      committedAt
      juror {
        id
      }
    }
  }
`);

export const casesQuery = graphql(
  `
    query JuryCases($where: JuryCase_filter) {
      juryCases(first: 50, where: $where, orderBy: filedAt, orderDirection: desc) {
        ...CaseFields
      }
    }
  `,
  [caseFields],
);

/** Cases that are open and whose present or earlier round has drawn this account. */
export const dutiesQuery = graphql(
  `
    query JuryDuties($juror: String!) {
      juryVotes(first: 50, where: { juror: $juror, juryCase_: { status: OPEN } }, orderBy: drawnAt, orderDirection: desc) {
        id
        round
        penalty
        commitment
        choice
        juryCase {
          ...CaseFields
        }
      }
    }
  `,
  [caseFields],
);
