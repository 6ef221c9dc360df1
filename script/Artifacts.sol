// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {VmSafe} from "forge-std/Vm.sol";

error Artifacts_NotCreated(string name);

/// @notice Contracts made from what `forge build` wrote, for scripts and tests.
/// @dev The default profile's artifacts, whatever profile this runs in: tests, which are compiled without the optimizer,
///      deploy the very code that ships. `new` would also copy each contract's code into every test that makes it.
library Artifacts {
    /// @dev forge's own contract, which scripts and tests both have.
    VmSafe private constant VM = VmSafe(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @return the creation code of the contract of that name
    function code(
        string memory name
    ) internal view returns (bytes memory) {
        return VM.getCode(string.concat("out/", name, ".sol/", name, ".json"));
    }

    /// @notice Creates the contract of that name, as the caller's `new` would.
    /// @param arguments of its constructor, encoded
    function create(
        string memory name,
        bytes memory arguments
    ) internal returns (address created) {
        bytes memory initCode = abi.encodePacked(code(name), arguments);
        assembly ("memory-safe") {
            created := create(0, add(initCode, 32), mload(initCode))
        }
        if (created == address(0)) revert Artifacts_NotCreated(name);
    }
}
