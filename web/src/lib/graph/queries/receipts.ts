import { graphql } from '@openledger/sdk/graph';
import { termsFields } from './models.ts';

/** One settled receipt with its batch, and what the chain knows of the channel if there is no such receipt. */
export const receiptQuery = graphql(
  `
    query ReceiptAt($channel: Bytes!, $sequence: BigInt!, $channelKey: ID!) {
      batchReceipts(first: 1, where: { channelId: $channel, sequence: $sequence }) {
        id
        receiptHash
        channelId
        sequence
        compositionHash
        promptTokens
        completionTokens
        retrievalTokens
        agentSteps
        fee
        feeVersion
        promptHash
        outputHash
        evidenceHash
        allocationHash
        traceHash
        timestamp
        signature
        nullThreshold
        allocated
        payer {
          id
        }
        channel {
          signer
          session
        }
        composition(first: 8) {
          releaseHash
          termsVersion
          weightBps
          release {
            id
            releaseIndex
            manifestCid
            model {
              id
              name
              owner {
                id
              }
              transfers(first: 100, orderBy: timestamp, orderDirection: desc) {
                timestamp
                to {
                  id
                }
              }
              termsHistory(first: 100, orderBy: version, orderDirection: desc) {
                ...TermsFields
              }
            }
          }
        }
        allocations(first: 200, orderBy: amount, orderDirection: desc) {
          id
          address
          amount
          weight
        }
        evidence(first: 32, orderBy: rank, orderDirection: asc) {
          id
          rank
          recordId
          contributorAddress
          score
          datanet {
            id
            name
          }
        }
        batch {
          id
          batchIndex
          status
          headerHash
          callCount
          fees
          settledAt
          finalAt
          finalizedAt
          dataCid
          transactionHash
          finalizedTransactionHash
          isAccused
          refundedAt
          challenge {
            fault
            challenger {
              id
            }
            batch {
              batchIndex
            }
          }
          replacedBy {
            id
          }
          operator {
            voidFrom
          }
          operatorAccount {
            id
          }
          file {
            problem
          }
        }
      }
      channel(id: $channelKey) {
        id
        sequence
      }
    }
  `,
  [termsFields],
);

/** The batch before another of the same operator, whose rewards the later one grows from. */
export const batchCidQuery = graphql(`
  query BatchCid($operator: String!, $batchIndex: Int!) {
    batches(first: 1, where: { operatorAccount: $operator, batchIndex: $batchIndex }) {
      dataCid
    }
  }
`);

export const receiptsQuery = graphql(`
  query Receipts($where: BatchReceipt_filter, $first: Int!) {
    batchReceipts(first: $first, where: $where, orderBy: timestamp, orderDirection: desc) {
      id
      channelId
      sequence
      timestamp
      promptTokens
      completionTokens
      fee
      payer {
        id
      }
      composition(first: 8) {
        releaseHash
        release {
          model {
            name
          }
        }
      }
      batch {
        batchIndex
        status
        settledAt
        finalAt
        finalizedAt
      }
    }
  }
`);

/** What a hash names: a receipt, or a channel with receipts. */
export const lookupQuery = graphql(`
  query Lookup($hash: Bytes!, $key: ID!) {
    batchReceipts(first: 1, where: { receiptHash: $hash }) {
      channelId
      sequence
    }
    channel(id: $key) {
      id
    }
  }
`);
