import { graphql } from '@openledger/sdk/graph';

export const ratingFields = graphql(`
  fragment RatingFields on Rating {
    id
    stars
    ratedAt
    changeCount
    rater {
      id
    }
    comment {
      text
      problem
    }
  }
`);

/** Receipts of a payer's that name one of these releases, newest first: what it may rate the model by. */
export const paidReceiptsQuery = graphql(`
  query PaidReceipts($payer: String!, $releases: [Bytes!]!) {
    receiptComponents(
      first: 50
      where: { releaseHash_in: $releases, receipt_: { payer: $payer, fee_gt: "0" } }
      orderBy: receipt__timestamp
      orderDirection: desc
    ) {
      releaseHash
      receipt {
        channelId
        sequence
        fee
        timestamp
        composition(first: 8, orderBy: id) {
          releaseHash
        }
        batch {
          status
          batchIndex
          headerHash
          dataCid
          operatorAccount {
            id
          }
        }
      }
    }
  }
`);
