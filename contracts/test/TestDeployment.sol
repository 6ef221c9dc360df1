// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Create3Factory} from "../../script/Create3Factory.sol";
import {Deployment} from "../../script/Deployment.sol";
import {Parameters} from "../../script/Parameters.sol";

/// @notice The deployment as a contract of its own. Tests make it from its artifact (`Deployed`): inherited, its code would
///         be compiled into every one of them, which takes the compiler longer than all else together.
contract TestDeployment is Deployment {
    function deploy(
        Create3Factory factory_,
        Parameters calldata p
    ) external {
        deployAll(factory_, address(this), p);
    }

    /// @return of everything deployed, in order
    function allNames() external view returns (string[] memory) {
        return names;
    }
}
