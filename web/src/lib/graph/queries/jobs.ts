import { graphql } from '@openledger/sdk/graph';

export const jobQuery = graphql(`
  query Job($id: ID!) {
    trainingJob(id: $id) {
      id
      number
      status
      baseModel
      specCid
      escrow
      openUntil
      price
      deliverBy
      paid
      refunded
      checkpointCount
      openedAt
      acceptedAt
      attestedAt
      refundedAt
      evaluationCid
      transactionHash
      requester {
        id
      }
      model {
        id
        number
        name
        listed
        owner {
          id
        }
      }
      operator {
        id
      }
      release {
        id
        calibrations(first: 1) {
          status
          price
          runs
          deliverBy
          requester {
            id
          }
        }
      }
      quotes(first: 20, orderBy: price, orderDirection: asc) {
        id
        price
        duration
        checkpoints
        accepted
        quotedAt
        operator {
          id
        }
      }
      checkpoints(first: 50, orderBy: number, orderDirection: asc) {
        number
        step
        digest
        released
        timestamp
      }
      spec {
        method
        rank
        alpha
        epochs
        learningRate
        batchSize
        maxLength
        heldOutEvery
        datanets(first: 20) {
          datanet {
            id
            name
          }
          version {
            version
            recordCount
          }
        }
      }
      evaluation {
        heldOutLossBefore
        heldOutLossAfter
        exactMatch
        text
      }
    }
  }
`);

export const jobsQuery = graphql(`
  query Jobs($where: TrainingJob_filter) {
    trainingJobs(first: 50, where: $where, orderBy: openedAt, orderDirection: desc) {
      id
      number
      status
      price
      escrow
      openedAt
      openUntil
      deliverBy
      requester {
        id
      }
      model {
        id
        name
      }
      spec {
        datanets(first: 10) {
          datanet {
            id
            name
          }
        }
      }
      quotes(first: 10) {
        id
      }
    }
  }
`);
