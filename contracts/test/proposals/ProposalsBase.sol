// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {VersionTree} from "../../src/datanets/VersionTree.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {BackerShares} from "../../src/models/BackerShares.sol";
import {IModelProposalEvents} from "../../src/models/IModelProposalEvents.sol";
import {ModelProposals} from "../../src/models/ModelProposals.sol";
import {Plan, ProposalSettings, ProposalStatus, VersionLeaf} from "../../src/types/Proposals.sol";
import {DatanetUse, Release} from "../../src/types/Release.sol";
import {Tree} from "../../src/types/Settlement.sol";
import {Deployed} from "../Deployed.sol";

/// @notice A datanet of three contributors, a proposer and backers, as the script leaves the contracts.
abstract contract ProposalsBase is Deployed {
    uint96 internal constant GOAL = 100e18;
    uint96 internal constant PRICE = 60e18;
    uint16 internal constant MARK = 7_000;
    uint32 internal constant CAP_BPS = 20_000;
    bytes32 internal constant SALT = "salt of the items";
    bytes32 internal constant ITEMS = "root of the items";

    ModelProposals internal proposals;
    ProposalSettings internal s;
    address internal proposer = makeAddr("proposer");
    address internal carol = makeAddr("carol");
    address internal dave = makeAddr("dave");
    uint32 internal datanetId;
    DatanetUse internal use;

    function setUp() public virtual override {
        super.setUp();
        proposals = ModelProposals(at("ModelProposals"));
        s = proposals.settings();
        address[3] memory people = [proposer, carol, dave];
        for (uint256 i; i < people.length; ++i) {
            give(people[i], 1_000_000e18);
        }
        address[6] memory all = [proposer, carol, dave, alice, bob, mallory];
        for (uint256 i; i < all.length; ++i) {
            vm.prank(all[i]);
            token.approve(address(proposals), type(uint256).max);
        }
        datanetId = createDatanet();
        accept(contribute(datanetId, alice, "root of alice", 5)); // contribution 1
        accept(contribute(datanetId, bob, "root of bob", 3)); // 2
        accept(contribute(datanetId, carol, "root of carol", 2)); // 3
        (uint32 version, bytes32 root) = publish(datanetId);
        use = DatanetUse(datanetId, version, root);
        startOperator(operator);
    }

    function plan() internal view returns (Plan memory p) {
        p.name = "Guide";
        p.specCid = "bafkreiproposal";
        p.trainingCid = "bafkreitraining";
        p.cardCid = "bafkreicard";
        p.baseModel = "base";
        p.datanets = new DatanetUse[](1);
        p.datanets[0] = use;
        p.goal = GOAL;
        p.deadline = uint64(block.timestamp + 7 days);
        p.passMarkBps = MARK;
        p.itemsCommitment = keccak256(abi.encode(SALT, ITEMS));
        p.capBps = CAP_BPS;
        p.terms = someTerms();
        p.terms.backers = address(0);
    }

    function propose() internal returns (uint32) {
        return propose(plan());
    }

    function propose(
        Plan memory p
    ) internal returns (uint32) {
        vm.prank(proposer);
        return proposals.propose(p);
    }

    function back(
        uint32 id,
        address who,
        uint96 amount
    ) internal {
        vm.prank(who);
        proposals.back(id, amount);
    }

    /// @dev Carol half, Dave three tenths, the proposer a fifth.
    function fund(
        uint32 id
    ) internal {
        back(id, carol, 50e18);
        back(id, dave, 30e18);
        back(id, proposer, 20e18);
    }

    function vote(
        uint32 id,
        address who,
        uint32 contributionId,
        bool approve
    ) internal {
        (Tree memory tree, VersionLeaf[] memory leaves) = leavesOf(contributionId);
        vm.prank(who);
        proposals.vote(id, 0, approve, tree, leaves);
    }

    /// @dev The place of one of the three contributions in the version: ((1, 2), 3).
    function leavesOf(
        uint32 contributionId
    ) internal view returns (Tree memory tree, VersionLeaf[] memory leaves) {
        VersionTree.Node[3] memory n = [
            VersionTree.leaf(1, "root of alice", 5),
            VersionTree.leaf(2, "root of bob", 3),
            VersionTree.leaf(3, "root of carol", 2)
        ];
        tree = Tree({root: use.root, count: 3, amount: 10, weight: 0});
        leaves = new VersionLeaf[](1);
        leaves[0].contributionId = contributionId;
        leaves[0].index = contributionId - 1;
        if (contributionId == 3) {
            bytes32 pair = keccak256(
                abi.encodePacked(
                    uint8(1), SumTree.DATANET_VERSION, n[0].hash, uint96(5), uint96(0), n[1].hash, uint96(3), uint96(0)
                )
            );
            leaves[0].proof = _sibling(pair, 8);
        } else {
            uint256 other = 2 - contributionId;
            leaves[0].proof = bytes.concat(_sibling(n[other].hash, n[other].records), _sibling(n[2].hash, 2));
        }
    }

    /// @dev The provider says yes to what the proposals' contract asked for.
    function grant(
        uint32 id
    ) internal {
        uint32 grantId = proposals.approvals(id)[0].grantId;
        vm.prank(provider);
        grants.approve(grantId, uint64(block.timestamp + 60 days));
    }

    function started() internal returns (uint32 id) {
        id = propose();
        fund(id);
        vote(id, alice, 1, true);
        vote(id, bob, 2, true);
        grant(id);
        vm.prank(anyone);
        proposals.start(id);
    }

    function accepted(
        uint96 price
    ) internal returns (uint32 id) {
        id = started();
        uint32 jobId = proposals.proposal(id).jobId;
        vm.prank(operator);
        jobs.quote(jobId, price, 600, 2);
        vm.prank(proposer);
        proposals.acceptQuote(id, operator);
    }

    function release() internal view returns (Release memory) {
        DatanetUse[] memory uses = new DatanetUse[](1);
        uses[0] = use;
        return someRelease("base", keccak256(abi.encode(uses)));
    }

    function attest(
        uint32 id
    ) internal returns (bytes32) {
        uint32 jobId = proposals.proposal(id).jobId;
        vm.prank(operator);
        return jobs.attest(jobId, release(), "bafkreievaluation", "bafkreimanifest");
    }

    function reveal(
        uint32 id
    ) internal {
        vm.prank(proposer);
        proposals.revealItems(id, SALT, ITEMS, "bafkreiitems");
    }

    function report(
        uint32 id,
        uint16 score
    ) internal {
        vm.prank(operator);
        proposals.report(id, score, "root of the outputs", "bafkreioutputs");
    }

    function attested() internal returns (uint32 id) {
        id = accepted(PRICE);
        attest(id);
    }

    function reported() internal returns (uint32 id) {
        id = attested();
        reveal(id);
        report(id, MARK);
    }

    function passed() internal returns (uint32 id) {
        id = reported();
        vm.warp(block.timestamp + s.disputePeriod + 1);
        vm.prank(anyone);
        proposals.pass(id);
    }

    function sharesOf(
        uint32 id
    ) internal view returns (BackerShares) {
        return BackerShares(proposals.proposal(id).shares);
    }

    function statusOf(
        uint32 id
    ) internal view returns (ProposalStatus) {
        return proposals.proposal(id).status;
    }

    function assertStatus(
        uint32 id,
        ProposalStatus status
    ) internal view {
        assertEq(uint8(statusOf(id)), uint8(status));
    }

    function expectInvalidStatus(
        uint32 id,
        ProposalStatus status
    ) internal {
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_InvalidStatus.selector, id, status));
    }

    function expectTooLate(
        uint32 id,
        uint64 deadline
    ) internal {
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_TooLate.selector, id, deadline));
    }

    function expectTooEarly(
        uint32 id,
        uint64 deadline
    ) internal {
        vm.expectRevert(abi.encodeWithSelector(IModelProposalEvents.ModelProposals_TooEarly.selector, id, deadline));
    }

    function _sibling(
        bytes32 hash,
        uint96 amount
    ) private pure returns (bytes memory) {
        return abi.encodePacked(hash, amount, uint96(0));
    }
}
