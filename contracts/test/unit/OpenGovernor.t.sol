// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    TimelockControllerUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {IOpenGovernor} from "../../src/governance/IOpenGovernor.sol";
import {ITreasury} from "../../src/governance/ITreasury.sol";
import {OpenGovernor} from "../../src/governance/OpenGovernor.sol";
import {Deployed} from "../Deployed.sol";

contract OpenGovernorTest is Deployed {
    uint8 internal constant AGAINST = 0;
    uint8 internal constant FOR = 1;
    uint8 internal constant ABSTAIN = 2;
    string internal constant WHY = "Fund the guide";

    address internal earner = makeAddr("earner");
    address internal holder = makeAddr("holder");

    function setUp() public override {
        super.setUp();
        token.mint(holder, 1_000e18);
        vm.prank(holder);
        token.delegate(holder);
        votes.mint(earner, power.floor() / 2); // r = 1/2: 40 % contribution, 60 % capital
        tick();
    }

    function test_proposal_passesIsQueuedAndPays() public {
        uint256 id = _propose(25e18);
        _vote(id, earner, FOR);
        _vote(id, holder, FOR);
        (uint256[3] memory contribution, uint256[3] memory capital) = governor.proposalParts(id);
        assertEq(contribution[FOR], 0.4e18);
        assertEq(capital[FOR], 0.6e18);
        (, uint256 forVotes,) = governor.proposalVotes(id);
        assertEq(forVotes, 1e18);
        assertTrue(governor.hasVoted(id, earner));
        _end(id);
        _queue(25e18);
        vm.warp(block.timestamp + parameters().clocks.treasuryDelay);
        uint256 before = token.balanceOf(bob);
        vm.expectEmit(address(treasury));
        emit ITreasury.Spent(bob, 0, 25e18, WHY);
        _execute(25e18);
        assertEq(token.balanceOf(bob), before + 25e18);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Executed));
    }

    function test_propose_emitsAFlatCompanion() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _spending(1);
        uint256 id = governor.hashProposal(targets, values, calls, keccak256(bytes(WHY)));
        uint256 start = block.timestamp + 5;
        vm.expectEmit(address(governor));
        emit IOpenGovernor.ProposalOpened(id, alice, "treasury", start, start + 90, 0.1e18);
        vm.prank(alice);
        governor.propose(targets, values, calls, WHY);
        assertEq(governor.kind(), bytes32("treasury"));
        assertEq(upgrades.kind(), bytes32("upgrades"));
        assertTrue(governor.twoMajorities());
        assertEq(governor.guardian(), guardian);
        assertEq(governor.COUNTING_MODE(), "support=bravo&quorum=for,abstain");
    }

    function test_vote_saysItsParts() public {
        uint256 id = _propose(1);
        vm.expectEmit(address(governor));
        emit IOpenGovernor.VoteParts(id, earner, FOR, 0.4e18, 0);
        vm.expectEmit(address(governor));
        emit IGovernor.VoteCast(earner, id, FOR, 0.4e18, "because");
        vm.prank(earner);
        governor.castVoteWithReason(id, FOR, "because");
    }

    function test_proposal_failsWithoutTheMajorityOfContribution() public {
        uint256 id = _propose(1);
        _vote(id, holder, FOR); // 60 % of the whole
        _vote(id, earner, AGAINST);
        _end(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Defeated));
    }

    function test_proposal_failsWithoutTheMajorityOfCapital() public {
        votes.mint(earner, power.floor()); // r = 1: 80 % of the whole
        tick();
        uint256 id = _propose(1);
        _vote(id, earner, FOR);
        _end(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Defeated));
    }

    function test_proposal_failsWithoutTheMajorityOfTheWhole() public {
        uint256 id = _propose(1);
        _vote(id, holder, AGAINST);
        _vote(id, earner, FOR);
        _end(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Defeated));
    }

    function test_proposal_needsNoMajorityOfAPartNobodyCanVote() public {
        vm.prank(earner);
        votes.delegate(address(0));
        tick();
        uint256 id = _propose(1);
        _vote(id, holder, FOR);
        _end(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Succeeded));
    }

    function test_proposal_failsBelowTheQuorum() public {
        token.mint(alice, 100_000e18); // leaves the voters with less than a tenth
        vm.prank(alice);
        token.delegate(alice);
        vm.prank(earner);
        votes.delegate(address(0));
        tick();
        uint256 id = _propose(1);
        _vote(id, holder, FOR);
        _end(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Defeated));
    }

    function test_abstaining_countsForTheQuorumOnly() public {
        uint256 id = _propose(1);
        _vote(id, earner, ABSTAIN);
        _vote(id, holder, FOR);
        _end(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Defeated)); // no majority of contribution
        (uint256[3] memory contribution,) = governor.proposalParts(id);
        assertEq(contribution[ABSTAIN], 0.4e18);
    }

    function test_vote_failsTwice() public {
        uint256 id = _propose(1);
        _vote(id, earner, FOR);
        vm.expectRevert(abi.encodeWithSelector(IOpenGovernor.OpenGovernor_AlreadyVoted.selector, earner));
        vm.prank(earner);
        governor.castVote(id, FOR);
    }

    function test_vote_failsForAnUnknownSupport() public {
        uint256 id = _propose(1);
        vm.expectRevert(abi.encodeWithSelector(IOpenGovernor.OpenGovernor_InvalidSupport.selector, 3));
        vm.prank(earner);
        governor.castVote(id, 3);
    }

    function test_voteBySignature_countsAsTheVotersOwn() public {
        (address voter, uint256 key) = _signer();
        uint256 id = _propose(1);
        bytes memory params = abi.encode(block.timestamp);
        bytes memory signature = _ballot(key, id, voter, params);
        vm.prank(mallory);
        uint256 counted = governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, params, signature);
        assertEq(counted, governor.getVotes(voter, governor.proposalSnapshot(id)));
        assertGt(counted, 0);
        assertTrue(governor.hasVoted(id, voter));
        // its nonce is used
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, voter));
        governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, params, signature);
    }

    function test_voteBySignature_failsWhenExpiredChangedOrAnothers() public {
        (address voter, uint256 key) = _signer();
        uint256 id = _propose(1);
        uint256 deadline = block.timestamp + 10;
        bytes memory params = abi.encode(deadline);
        bytes memory signature = _ballot(key, id, voter, params);
        bytes memory wrong = abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, voter);
        vm.expectRevert(wrong);
        governor.castVoteWithReasonAndParamsBySig(id, AGAINST, voter, WHY, params, signature);
        vm.expectRevert(wrong);
        governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, abi.encode(deadline + 1), signature);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, alice));
        governor.castVoteWithReasonAndParamsBySig(id, FOR, alice, WHY, params, signature);
        vm.expectRevert(IOpenGovernor.OpenGovernor_InvalidBallotParams.selector);
        governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, "soon", signature);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IOpenGovernor.OpenGovernor_BallotExpired.selector, deadline));
        governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, params, signature);
        vm.warp(deadline);
        governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, params, signature);
    }

    function test_voteBySignature_failsTwiceAndAfterTheEnd() public {
        (address voter, uint256 key) = _signer();
        uint256 id = _propose(1);
        _vote(id, voter, AGAINST);
        bytes memory signature = _ballot(key, id, voter, "");
        vm.expectRevert(abi.encodeWithSelector(IOpenGovernor.OpenGovernor_AlreadyVoted.selector, voter));
        governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, "", signature);
        _end(id);
        vm.expectRevert();
        governor.castVoteWithReasonAndParamsBySig(id, FOR, voter, WHY, "", signature);
    }

    function test_vote_ignoresPowerBoughtAfterTheSnapshot() public {
        uint256 id = _propose(1);
        token.mint(mallory, 1e24);
        vm.prank(mallory);
        token.delegate(mallory);
        vm.prank(mallory);
        assertEq(governor.castVote(id, FOR), 0);
    }

    function test_veto_cancelsWhileContributionIsYoung() public {
        uint256 id = _propose(25e18);
        vm.expectRevert(abi.encodeWithSelector(IOpenGovernor.OpenGovernor_NotGuardian.selector, mallory));
        vm.prank(mallory);
        governor.veto(id);
        vm.expectEmit(address(governor));
        emit IGovernor.ProposalCanceled(id);
        vm.expectEmit(address(governor));
        emit IOpenGovernor.ProposalVetoed(id, guardian);
        vm.prank(guardian);
        governor.veto(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Canceled));
        vm.expectRevert();
        vm.prank(guardian);
        governor.veto(id);
    }

    function test_veto_stopsWhatIsQueued() public {
        uint256 id = _propose(25e18);
        _vote(id, earner, FOR);
        _vote(id, holder, FOR);
        _end(id);
        _queue(25e18);
        vm.prank(guardian);
        governor.veto(id);
        vm.warp(block.timestamp + parameters().clocks.treasuryDelay);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _spending(25e18);
        vm.expectRevert();
        governor.execute(targets, values, calls, keccak256(bytes(WHY)));
        bytes32 salt = bytes20(address(governor)) ^ keccak256(bytes(WHY));
        vm.expectRevert();
        TimelockControllerUpgradeable(payable(at("TreasuryTimelock"))).executeBatch(targets, values, calls, 0, salt);
    }

    function test_veto_endsForEverOnceContributionHasMatured() public {
        uint256 id = _propose(1);
        votes.mint(earner, power.floor());
        tick();
        vm.expectRevert(IOpenGovernor.OpenGovernor_VetoEnded.selector);
        vm.prank(guardian);
        governor.veto(id);
        vm.prank(earner);
        votes.delegate(address(0));
        vm.warp(block.timestamp + 1_000 days);
        vm.expectRevert(IOpenGovernor.OpenGovernor_VetoEnded.selector);
        vm.prank(guardian);
        governor.veto(id);
    }

    function test_initialize_failsWithAnImpossibleQuorum() public {
        OpenGovernor.Settings memory s;
        s.votingPeriod = 1;
        address implementation = address(new OpenGovernor());
        for (uint256 i; i < 2; ++i) {
            s.quorumBps = i == 0 ? 0 : 10_001;
            vm.expectRevert(abi.encodeWithSelector(IOpenGovernor.OpenGovernor_InvalidQuorum.selector, s.quorumBps));
            new ERC1967Proxy(
                implementation,
                abi.encodeCall(
                    OpenGovernor.initialize,
                    (
                        address(manager()),
                        IVotes(address(power)),
                        TimelockControllerUpgradeable(payable(at("TreasuryTimelock"))),
                        s
                    )
                )
            );
        }
    }

    function test_spend_failsForEverybodyButTheTimelock() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        vm.prank(mallory);
        treasury.spend(mallory, 1, "mine");
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(governor)));
        vm.prank(address(governor));
        treasury.spend(mallory, 1, "mine");
        vm.startPrank(at("TreasuryTimelock"));
        vm.expectRevert(ITreasury.Treasury_NoRecipient.selector);
        treasury.spend(address(0), 1, "nobody's");
        treasury.spend(bob, 1, "bob's");
    }

    /// @dev With any votes of three people a proposal passes exactly when the rule of the design says so.
    function testFuzz_outcome_followsTheRule(
        uint8[3] memory support,
        uint64[3] memory earned
    ) public {
        address[3] memory who = [alice, bob, mallory];
        for (uint256 i; i < 3; ++i) {
            support[i] %= 3;
            if (earned[i] > 0) votes.mint(who[i], earned[i]);
            vm.prank(who[i]);
            token.delegate(who[i]);
        }
        tick();
        uint256 id = _propose(1);
        for (uint256 i; i < 3; ++i) {
            _vote(id, who[i], support[i]);
        }
        (uint256[3] memory k, uint256[3] memory c) = governor.proposalParts(id);
        bool passes = k[FOR] > k[AGAINST] && c[FOR] > c[AGAINST] && k[FOR] + c[FOR] > k[AGAINST] + c[AGAINST]
            && k[FOR] + c[FOR] + k[ABSTAIN] + c[ABSTAIN] >= 0.1e18;
        _end(id);
        assertEq(governor.state(id) == IGovernor.ProposalState.Succeeded, passes);
    }

    /// @return voter somebody with power whose key the test has
    function _signer() private returns (address voter, uint256 key) {
        (voter, key) = makeAddrAndKey("voter");
        votes.mint(voter, power.floor() / 8);
        tick();
    }

    /// @dev Signed for this proposal, with the reason WHY, under the voter's next nonce.
    function _ballot(
        uint256 key,
        uint256 id,
        address voter,
        bytes memory params
    ) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger Treasury"),
                keccak256("1"),
                block.chainid,
                address(governor)
            )
        );
        bytes32 ballot = keccak256(
            abi.encode(
                governor.EXTENDED_BALLOT_TYPEHASH(),
                id,
                FOR,
                voter,
                governor.nonces(voter),
                keccak256(bytes(WHY)),
                keccak256(params)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, ballot)));
        return abi.encodePacked(r, s, v);
    }

    function _spending(
        uint256 amount
    ) private view returns (address[] memory targets, uint256[] memory values, bytes[] memory calls) {
        targets = new address[](1);
        values = new uint256[](1);
        calls = new bytes[](1);
        targets[0] = address(treasury);
        calls[0] = abi.encodeCall(ITreasury.spend, (bob, amount, WHY));
    }

    function _propose(
        uint256 amount
    ) private returns (uint256 id) {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _spending(amount);
        id = governor.propose(targets, values, calls, WHY);
        vm.warp(governor.proposalSnapshot(id) + 1);
    }

    function _vote(
        uint256 id,
        address voter,
        uint8 support
    ) private {
        vm.prank(voter);
        governor.castVote(id, support);
    }

    function _end(
        uint256 id
    ) private {
        vm.warp(governor.proposalDeadline(id) + 1);
    }

    function _queue(
        uint256 amount
    ) private {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _spending(amount);
        governor.queue(targets, values, calls, keccak256(bytes(WHY)));
    }

    function _execute(
        uint256 amount
    ) private {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _spending(amount);
        governor.execute(targets, values, calls, keccak256(bytes(WHY)));
    }
}
