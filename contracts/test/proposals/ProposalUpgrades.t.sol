// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ModelProposals} from "../../src/models/ModelProposals.sol";
import {UpgradeChecks} from "../unit/UpgradeChecks.sol";
import {ProposalsBase} from "./ProposalsBase.sol";

contract ProposalUpgradesTest is ProposalsBase, UpgradeChecks {
    function test_upgradeModelProposals_keepsItsState() public {
        vm.record();
        uint32 id = reported();
        uint32 open = propose();
        back(open, carol, 7e18);
        vote(open, alice, 1, true);
        vm.prank(guardian);
        proposals.pause();
        watch(abi.encodeCall(proposals.proposal, (id)));
        watch(abi.encodeCall(proposals.proposal, (open)));
        watch(abi.encodeCall(proposals.approvals, (open)));
        watch(abi.encodeCall(proposals.backingOf, (open, carol)));
        watch(abi.encodeCall(proposals.releaseOf, (id)));
        watch(abi.encodeCall(proposals.reportedAt, (proposals.releaseOf(id))));
        watch(abi.encodeCall(proposals.proposalCount, ()));
        watch(abi.encodeCall(proposals.settings, ()));
        watch(abi.encodeCall(proposals.paused, ()));
        ModelProposals next = new ModelProposals(
            proposals.token(),
            models,
            jobs,
            datanets,
            grants,
            proposals.jury(),
            proposals.sharesImplementation(),
            proposals.longestPause(),
            s
        );
        address[] memory others = new address[](4);
        (others[0], others[1], others[2], others[3]) = (guardian, proposer, operator, address(this));
        upgradeKeepsState(address(proposals), address(next), at("UpgradesTimelock"), others);
        vm.warp(block.timestamp + s.disputePeriod + 1);
        proposals.pass(id); // it goes on where it was
        proposals.collect(id, carol);
        assertEq(sharesOf(id).balanceOf(carol), 50e18);
    }
}
