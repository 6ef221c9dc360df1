// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice For contracts whose code is too large for one: the other half of it works on the first one's storage.
library Delegation {
    /// @dev Runs the same call on `target`, with this contract's storage, and ends as it ends: it never returns.
    function forward(
        address target
    ) internal {
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch ok
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}
