import { graphql } from '@openledger/sdk/graph';

export const operatorFields = graphql(`
  fragment OperatorFields on Operator {
    id
    signer
    endpoint
    stake
    unbonding
    unbondedAt
    batchCount
    batchFinalCount
    batchVoidCount
    voidFrom
    slashed
    refunded
    callCount
    fees
    registeredAt
    metadata {
      name
      description
    }
  }
`);

export const operatorsQuery = graphql(
  `
    query Operators($where: Operator_filter, $orderBy: Operator_orderBy) {
      operators(first: 100, where: $where, orderBy: $orderBy, orderDirection: desc) {
        ...OperatorFields
      }
    }
  `,
  [operatorFields],
);

export const operatorQuery = graphql(
  `
    query Operator($id: ID!, $account: String!) {
      operator(id: $id) {
        ...OperatorFields
        net
        rewardsClaimed
        jobAttestedCount
        trainingPaid
        stakeChanges(first: 20, orderBy: timestamp, orderDirection: desc) {
          id
          kind
          amount
          stake
          timestamp
          transactionHash
        }
      }
      challenges(first: 20, where: { operator: $account }, orderBy: timestamp, orderDirection: desc) {
        id
        fault
        value
        slashed
        reward
        timestamp
        transactionHash
        challenger {
          id
        }
        batch {
          id
          batchIndex
        }
      }
      batches(first: 50, where: { operatorAccount: $account }, orderBy: batchIndex, orderDirection: desc) {
        id
        batchIndex
        status
        callCount
        fees
        settledAt
        finalAt
        finalizedAt
        dataCid
        transactionHash
        dataRequests(first: 100) {
          status
          deadline
        }
      }
    }
  `,
  [operatorFields],
);

export const operatorUsageQuery = graphql(`
  query OperatorUsage($account: String!, $interval: Aggregation_interval!) {
    operatorUsageStats_collection(
      interval: $interval
      current: include
      first: 60
      where: { operator: $account }
      orderBy: timestamp
      orderDirection: desc
    ) {
      timestamp
      calls
      fees
    }
  }
`);
