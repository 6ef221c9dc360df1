// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Compares what a proxy stores and what it answers before and after an upgrade.
/// @dev A test starts `vm.record()`, fills the contract, names questions with `watch`, and calls `upgradeKeepsState`.
abstract contract UpgradeChecks is Test {
    bytes32 private constant IMPLEMENTATION = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);

    bytes[] private questions;

    /// @dev A view of the contract, as calldata.
    function watch(
        bytes memory question
    ) internal {
        questions.push(question);
    }

    function upgradeKeepsState(
        address proxy,
        address next,
        address authority,
        address[] memory others
    ) internal {
        (, bytes32[] memory written) = vm.accesses(proxy);
        assertGt(questions.length, 0, "nothing is watched");
        bytes32[] memory values = new bytes32[](written.length);
        for (uint256 i; i < written.length; ++i) {
            values[i] = vm.load(proxy, written[i]);
        }
        bytes[] memory answers = _ask(proxy);
        address before = address(uint160(uint256(vm.load(proxy, IMPLEMENTATION))));
        assertNotEq(before, next);

        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[i]));
            vm.prank(others[i]);
            UUPSUpgradeable(proxy).upgradeToAndCall(next, "");
        }
        assertEq(address(uint160(uint256(vm.load(proxy, IMPLEMENTATION)))), before);
        vm.prank(authority);
        UUPSUpgradeable(proxy).upgradeToAndCall(next, "");
        assertEq(address(uint160(uint256(vm.load(proxy, IMPLEMENTATION)))), next);

        for (uint256 i; i < written.length; ++i) {
            assertEq(vm.load(proxy, written[i]), values[i], "a slot changed");
        }
        bytes[] memory after_ = _ask(proxy);
        for (uint256 i; i < answers.length; ++i) {
            assertEq(after_[i], answers[i], "an answer changed");
        }
        delete questions;
    }

    function _ask(
        address proxy
    ) private view returns (bytes[] memory answers) {
        answers = new bytes[](questions.length);
        for (uint256 i; i < questions.length; ++i) {
            bool done;
            (done, answers[i]) = proxy.staticcall(questions[i]);
            assertTrue(done, "a question failed");
        }
    }
}
