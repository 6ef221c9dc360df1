// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {OpenGovernor} from "../../src/governance/OpenGovernor.sol";
import {ProposalStatus} from "../../src/types/Proposals.sol";
import {ProposalsBase} from "./ProposalsBase.sol";

/// @notice What concerns models has a budget of its own: OPEN that the treasury paid to its timelock, and nothing else.
contract ModelsBudgetTest is ProposalsBase {
    OpenGovernor internal modelsGovernor;
    address internal budget;

    function setUp() public override {
        super.setUp();
        modelsGovernor = OpenGovernor(payable(at("ModelsGovernor")));
        budget = at("ModelsTimelock");
        vm.prank(carol);
        token.delegate(carol);
        tick();
    }

    function test_aVote_backsAModelFromTheBudget() public {
        uint32 id = propose();
        vm.prank(at("TreasuryTimelock"));
        treasury.spend(budget, 40e18, "models of this quarter");
        _decide(id, 40e18);
        assertEq(token.balanceOf(budget), 0);
        assertEq(proposals.backingOf(id, budget), 40e18);
    }

    /// @dev As to any backer.
    function test_aRefund_returnsToTheBudget() public {
        uint32 id = propose();
        vm.prank(at("TreasuryTimelock"));
        treasury.spend(budget, 40e18, "models of this quarter");
        _decide(id, 40e18);
        vm.prank(proposer);
        proposals.cancel(id);
        assertStatus(id, ProposalStatus.Ended);
        proposals.collect(id, budget);
        assertEq(token.balanceOf(budget), 40e18);
    }

    function test_aVote_spendsNoMoreThanTheBudget() public {
        uint32 id = propose();
        (address[] memory to, uint256[] memory values, bytes[] memory calls) = _calls(id, 40e18);
        _pass(to, values, calls);
        vm.expectRevert();
        modelsGovernor.execute(to, values, calls, keccak256("why"));
        assertEq(proposals.backingOf(id, budget), 0);
    }

    function _decide(
        uint32 id,
        uint96 amount
    ) private {
        (address[] memory to, uint256[] memory values, bytes[] memory calls) = _calls(id, amount);
        _pass(to, values, calls);
        modelsGovernor.execute(to, values, calls, keccak256("why"));
    }

    function _pass(
        address[] memory to,
        uint256[] memory values,
        bytes[] memory calls
    ) private {
        uint256 decision = modelsGovernor.propose(to, values, calls, "why");
        vm.warp(modelsGovernor.proposalSnapshot(decision) + 1);
        vm.prank(carol);
        modelsGovernor.castVote(decision, 1);
        vm.warp(modelsGovernor.proposalDeadline(decision) + 1);
        modelsGovernor.queue(to, values, calls, keccak256("why"));
        vm.warp(modelsGovernor.proposalEta(decision));
    }

    function _calls(
        uint32 id,
        uint96 amount
    ) private view returns (address[] memory to, uint256[] memory values, bytes[] memory calls) {
        (to, values, calls) = (new address[](2), new uint256[](2), new bytes[](2));
        (to[0], to[1]) = (address(token), address(proposals));
        calls[0] = abi.encodeCall(IERC20.approve, (address(proposals), amount));
        calls[1] = abi.encodeCall(proposals.back, (id, amount));
    }
}
