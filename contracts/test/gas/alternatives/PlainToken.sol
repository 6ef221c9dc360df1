// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";

/// @notice A token that does no more than a signed transfer needs: no votes, no proxy, and none of what OPEN remembers of it.
contract PlainToken is ERC3009Upgradeable {
    constructor(
        address holder
    ) initializer {
        __ERC20_init("Plain", "PLAIN");
        __EIP712_init("Plain", "1");
        _mint(holder, 100e18);
    }

    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
