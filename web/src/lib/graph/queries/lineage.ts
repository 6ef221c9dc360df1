import { graphql } from '@openledger/sdk/graph';

/** One model and one that it is built from, from either side. */
export const parentageFields = graphql(`
  fragment ParentageFields on Parentage {
    id
    shareBps
    use
    toOwners
    toParents
    child {
      id
      name
    }
    parent {
      id
      name
      derivation {
        version
      }
    }
    derivation {
      version
      licence
      minimumBps
    }
  }
`);

/** Released models whose owners let others build on them. */
export const buildableQuery = graphql(`
  query Buildable($search: String!) {
    models(
      first: 50
      where: { releaseCount_gt: 0, derivation_: { allowed: true }, name_contains_nocase: $search }
      orderBy: createdAt
      orderDirection: desc
    ) {
      id
      number
      name
      derivation {
        version
        licence
        minimumBps
        sameLicence
      }
      lineage {
        depth
      }
    }
  }
`);
