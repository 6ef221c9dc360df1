// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @dev How a model uses a parent: said for readers, the same for money.
enum Use {
    Merged, // its adapter is a part of the child's
    Trained, // training went on from it, or from its answers
    Member, // it answers as one of an ensemble
    Routed // calls are handed to it
}

/// @notice On what conditions others may build on a model.
struct Derivation {
    bytes32 licence; // SPDX id in ASCII, from the left
    uint16 minimumBps; // of a derived model's net fee, at least
    bool allowed; // whether there may be derived models at all
    bool sameLicence; // derived models keep this licence, and so do theirs
}

/// @notice A model that another one is built from.
struct Parent {
    uint32 modelId;
    uint32 derivationVersion; // of the parent's conditions, as agreed to
    uint16 shareBps; // of the child's net fee
    Use use;
}

/// @notice What a model said about its parents. It never changes.
struct Declaration {
    address account; // gets the parents' share of the model's fees, 0 if none is owed
    uint16 owedBps; // of the net fee, to all parents together
    uint8 depth; // parents that have none are at 0, 0 also if nothing was declared
    bool sameLicence; // a parent wants its licence kept
    bytes32 licence; // of the model, 0 if nothing was declared
}

/// @notice One parent's part of a parents' account.
struct Royalty {
    uint32 modelId; // of the parent
    uint16 shareBps; // of the child's net fee
    uint16 owedBps; // of what the parent gets, to its own parents
    address account; // of the parent's own parents, 0 if it owes nothing
}
