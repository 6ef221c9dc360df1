import { graphql } from '@openledger/sdk/graph';
import { ratingFields } from './market.ts';
import { termsFields } from './models.ts';

/** A developer: its models, what it earned by which release in which batch, newest first, and what it sold. */
export const developerQuery = graphql(
  `
    query Developer($id: ID!, $account: String!, $address: Bytes!) {
      account(id: $id) {
        firstSeenAt
        rewardsClaimed
      }
      models(first: 1000, where: { or: [{ owner: $account }, { developer: $account }] }, orderBy: createdAt, orderDirection: desc) {
        id
        number
        name
        listed
        createdAt
        agent {
          id
        }
        rating
        ratingStars
        ratingCount
        salePrice
        listing {
          expiry
        }
        owner {
          id
        }
        terms {
          ...TermsFields
        }
        ratings(first: 20, orderBy: ratedAt, orderDirection: desc) {
          ...RatingFields
        }
      }
      sales(first: 100, where: { seller: $account }, orderBy: timestamp, orderDirection: desc) {
        id
        price
        timestamp
        model {
          id
          name
        }
        buyer {
          id
        }
      }
      releaseEarnings(
        first: 1000
        where: { address: $address, batch_: { status_not: VOID } }
        orderBy: batch__settledAt
        orderDirection: desc
      ) {
        amount
        release {
          model {
            id
            name
          }
        }
        batch {
          status
          settledAt
        }
      }
    }
  `,
  [termsFields, ratingFields],
);
