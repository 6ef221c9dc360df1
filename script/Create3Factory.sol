// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";

/// @notice Deploys contracts at addresses that depend on who deploys and on a salt alone, so that contracts which know
///         each other can be made in any order, and a later compiler changes no address.
contract Create3Factory {
    /// @return where the caller's contract of that salt now is
    function deploy(
        bytes32 salt,
        bytes calldata initCode
    ) external returns (address) {
        return Create3.deploy(0, saltOf(msg.sender, salt), initCode);
    }

    /// @return where the contract of `deployer` and `salt` is or will be
    function predict(
        address deployer,
        bytes32 salt
    ) external view returns (address) {
        return predictFrom(this, deployer, salt);
    }
}

/// @dev `predict` without a call.
function predictFrom(
    Create3Factory factory,
    address deployer,
    bytes32 salt
) pure returns (address) {
    return Create3.computeAddress(saltOf(deployer, salt), address(factory));
}

function saltOf(
    address deployer,
    bytes32 salt
) pure returns (bytes32) {
    return keccak256(abi.encode(deployer, salt));
}
