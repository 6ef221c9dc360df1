import { graphql } from '@openledger/sdk/graph';

/** What somebody pays through and has in escrow. */
export const payerQuery = graphql(`
  query Payer($payer: String!) {
    channels(first: 100, where: { payer: $payer }, orderBy: createdAt, orderDirection: desc) {
      id
      signer
      session
      cap
      expiry
      revoked
      collected
      sequence
      createdAt
      operatorAccount {
        id
      }
    }
    escrowAccounts(first: 100, where: { payer: $payer }, orderBy: updatedAt, orderDirection: desc) {
      id
      balance
      thawing
      thawedAt
      deposited
      collected
      withdrawn
      operatorAccount {
        id
      }
      operator {
        voidFrom
      }
    }
    refunds(first: 20, where: { payer: $payer }, orderBy: timestamp, orderDirection: desc) {
      id
      amount
      timestamp
      transactionHash
      escrow {
        operatorAccount {
          id
        }
      }
    }
  }
`);

/** A page of somebody's receipts in the order of their ids, which never change: the next page begins after the last id. */
export const payerReceiptsQuery = graphql(`
  query PayerReceipts($where: BatchReceipt_filter) {
    batchReceipts(first: 1000, where: $where, orderBy: id, orderDirection: asc) {
      id
      channelId
      sequence
      receiptHash
      timestamp
      promptTokens
      completionTokens
      fee
      batch {
        batchIndex
        status
        transactionHash
        operatorAccount {
          id
        }
      }
      composition(first: 8) {
        releaseHash
        release {
          model {
            name
          }
        }
      }
    }
  }
`);
