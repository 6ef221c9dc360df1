// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Adapter, DatanetUse, Release} from "../types/Release.sol";

/// @title The release of an agent's version
/// @notice So that an agent's receipts name what it ran as any model's do: the manifest stands where the adapter does.
/// @dev The same in sdk/src/agents/agentRelease.ts (docs/wire.md).
library AgentRelease {
    uint16 private constant WHOLE = 10_000;

    function release(
        bytes32 manifestHash,
        uint32 agentId,
        uint32 version
    ) internal pure returns (Release memory r) {
        Adapter[] memory manifest = new Adapter[](1);
        manifest[0] = Adapter(manifestHash, WHOLE);
        r.adaptersHash = keccak256(abi.encode(manifest));
        r.datanetsHash = keccak256(abi.encode(new DatanetUse[](0)));
        r.parentsHash = keccak256(abi.encode(new bytes32[](0)));
        // two agents with one manifest, or one that goes back to an earlier one, still have releases of their own
        r.seed = keccak256(abi.encode("openledger agent", agentId, version));
        // no rows: an index without leaves has the root 0
    }

    function hash(
        bytes32 manifestHash,
        uint32 agentId,
        uint32 version
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(release(manifestHash, agentId, version)));
    }
}
