import { graphql } from '@openledger/sdk/graph';

export const datanetsQuery = graphql(`
  query Datanets($where: Datanet_filter, $orderBy: Datanet_orderBy) {
    datanets(first: 100, where: $where, orderBy: $orderBy, orderDirection: desc) {
      id
      number
      name
      domain
      licence
      policy
      bond
      recordCount
      contributorCount
      contributionPendingCount
      versionCount
      poolAccrued
      createdAt
      provider {
        id
      }
    }
  }
`);

export const datanetQuery = graphql(`
  query Datanet($id: ID!) {
    datanet(id: $id) {
      id
      number
      name
      domain
      licence
      policy
      retrievalAllowed
      bond
      pool
      reviewPolicy
      recordCount
      contributorCount
      contributionPendingCount
      contributionAcceptedCount
      contributionCount
      versionCount
      poolAccrued
      poolClaimed
      createdAt
      provider {
        id
      }
      metadata {
        description
      }
      latestVersion {
        version
        recordCount
        contributionCount
        publishedAt
        root
        cid
      }
      reviewers(first: 100) {
        id
        named
        account {
          id
        }
      }
      allowed(first: 100) {
        id
        allowed
        account {
          id
        }
      }
      contributors(first: 100, orderBy: recordCount, orderDirection: desc) {
        id
        recordCount
        contributionAcceptedCount
        contributionRejectedCount
        poolClaimed
        account {
          id
        }
      }
      versions(first: 50, orderBy: version, orderDirection: desc) {
        id
        version
        root
        cid
        contributionCount
        recordCount
        publishedAt
        transactionHash
      }
    }
  }
`);

export const contributionFields = graphql(`
  fragment ContributionFields on Contribution {
    id
    number
    status
    bond
    cid
    recordsRoot
    records
    bytesSize
    score
    note
    rejection
    slashed
    evidenceCid
    committedAt
    revealedAt
    decidedAt
    revokedAt
    transactionHash
    contributor {
      id
    }
    reviewer {
      id
    }
    version {
      version
    }
    datanet {
      id
      number
      name
      bond
    }
  }
`);

export const contributionsQuery = graphql(
  `
    query Contributions($where: Contribution_filter) {
      contributions(first: 200, where: $where, orderBy: committedAt, orderDirection: desc) {
        ...ContributionFields
      }
    }
  `,
  [contributionFields],
);

export const grantsQuery = graphql(`
  query Grants($where: Grant_filter) {
    grants(first: 200, where: $where, orderBy: requestedAt, orderDirection: desc) {
      id
      number
      purpose
      status
      expiry
      price
      reason
      termsCid
      requestedAt
      decidedAt
      revokedAt
      requester {
        id
      }
      datanet {
        id
        number
        name
        recordCount
        licence
        latestVersion {
          version
          root
          recordCount
        }
      }
      terms {
        text
      }
    }
  }
`);
