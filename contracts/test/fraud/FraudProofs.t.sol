// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchFaults} from "../../src/oracles/BatchFaults.sol";
import {IFraudProofs} from "../../src/oracles/IFraudProofs.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {TreeProofs} from "../../src/libraries/TreeProofs.sol";
import {Allocation} from "../../src/types/Evidence.sol";
import {AccountSums, Accused, Boundary, OpenedChannel, OpenedReceipt, Opening} from "../../src/types/Proofs.sol";
import {Component, Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice What a proof must bring, error by error; and equivocation, which needs no batch.
contract FraudProofsTest is FraudBase {
    uint8 private constant R = SumTree.RECEIPTS;
    uint8 private constant A = SumTree.ALLOCATIONS;
    uint8 private constant W = SumTree.REWARDS;

    /// @dev An honest batch on another one, and the accusation against it.
    function _honest() private returns (Story memory before, Story memory s, Accused memory accused) {
        before = _settleHonest(_two());
        s = _settleHonest(_two());
        accused = _accuse(s);
    }

    // ── Openings ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_opening_failsForAnotherLeafOrTree() public {
        (, Story memory s, Accused memory accused) = _honest();
        Opening memory leaf = _open(s, R, 2);
        leaf.amount += 1;
        _refused(
            abi.encodeCall(IFraudProofs.proveMalformedLeaf, (accused, R, leaf)),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, R, 2)
        );
        leaf.amount -= 1;
        _refused(
            abi.encodeCall(IFraudProofs.proveMalformedLeaf, (accused, A, leaf)),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, A, 2)
        );
        leaf.index = 3;
        _refused(
            abi.encodeCall(IFraudProofs.proveMalformedLeaf, (accused, R, leaf)),
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, R, 3)
        );
    }

    function test_disorder_failsForLeavesApart() public {
        (, Story memory s, Accused memory accused) = _honest();
        _refused(
            abi.encodeCall(IFraudProofs.proveDisorder, (accused, R, _open(s, R, 3), _open(s, R, 1))),
            abi.encodeWithSelector(TreeProofs.TreeProofs_NotNeighbours.selector, 3, 1)
        );
    }

    function test_everyProof_failsForAnUnknownTree() public {
        (, Story memory s, Accused memory accused) = _honest();
        bytes memory error = abi.encodeWithSelector(IFraudProofs.FraudProofs_UnknownTree.selector, 4);
        Opening memory leaf = _open(s, R, 0);
        _refused(abi.encodeCall(IFraudProofs.proveDisorder, (accused, 4, leaf, leaf)), error);
        _refused(abi.encodeCall(IFraudProofs.proveMalformedLeaf, (accused, 4, leaf)), error);
    }

    // ── Channels ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_channelProofs_failForAnotherList() public {
        (, Story memory s, Accused memory accused) = _honest();
        bytes memory channels = bytes.concat(s.batch.channels, "x");
        bytes memory error = abi.encodeWithSelector(
            BatchFaults.FraudProofs_WrongChannels.selector, keccak256(channels), accused.header.body.channelsHash
        );
        Opening memory leaf = _open(s, R, 1);
        OpenedChannel memory channel = OpenedChannel(channels, 0);
        _refused(abi.encodeCall(IFraudProofs.proveStrayReceipt, (accused, channels, leaf)), error);
        _refused(abi.encodeCall(IFraudProofs.proveWrongCollection, (accused, channel, leaf, leaf)), error);
        _refused(abi.encodeCall(IFraudProofs.proveMissingReceipt, (accused, channel, 1, leaf, leaf)), error);
    }

    function test_channelProofs_failBeyondTheList() public {
        (, Story memory s, Accused memory accused) = _honest();
        Opening memory leaf = _open(s, R, 1);
        _refused(
            abi.encodeCall(IFraudProofs.proveWrongCollection, (accused, _channel(s, 2), leaf, leaf)),
            abi.encodeWithSelector(BatchFaults.FraudProofs_NoSuchEntry.selector, 2, 2)
        );
    }

    function test_missingReceipt_failsForASequenceThatTheEntryDoesNotCover() public {
        (, Story memory s, Accused memory accused) = _honest();
        uint32 each = s.calls[0].calls;
        Opening memory leaf = _open(s, R, 1);
        uint32[2] memory outside = [each, 2 * each + 1];
        for (uint256 i = 0; i < 2; ++i) {
            _refused(
                abi.encodeCall(IFraudProofs.proveMissingReceipt, (accused, _channel(s, 0), outside[i], leaf, leaf)),
                abi.encodeWithSelector(IFraudProofs.FraudProofs_NotInEntry.selector, outside[i], each, 2 * each)
            );
        }
    }

    function test_wrongCollection_failsForOtherLeavesThanFirstAndLast() public {
        (, Story memory s, Accused memory accused) = _honest();
        uint256 last = s.calls[0].calls;
        Opening memory a = _open(s, R, 1);
        Opening memory b = _open(s, R, last);
        _refused(
            abi.encodeCall(IFraudProofs.proveWrongCollection, (accused, _channel(s, 0), b, b)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_WrongLeaf.selector, b.key, a.key)
        );
        _refused(
            abi.encodeCall(IFraudProofs.proveWrongCollection, (accused, _channel(s, 0), a, a)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_WrongLeaf.selector, a.key, b.key)
        );
    }

    // ── Rewards and allocations ─────────────────────────────────────────────────────────────────────────────────────

    function test_misaccounting_failsForOtherRewardsBefore() public {
        (Story memory before, Story memory s, Accused memory accused) = _honest();
        AccountSums memory sums = _sums(before, s, _developer());
        sums.previous.settledAt += 1;
        bytes32 given = keccak256(
            abi.encode(sums.previous.bodyHash, keccak256(abi.encode(sums.previous.rewards)), sums.previous.settledAt)
        );
        _refused(
            abi.encodeCall(IFraudProofs.proveMisaccounting, (accused, sums)),
            abi.encodeWithSelector(
                IFraudProofs.FraudProofs_WrongPrevious.selector, given, accused.header.body.previousHash
            )
        );
    }

    /// @dev A boundary elsewhere would leave out allocations or claim that an account is absent.
    function test_misaccounting_failsForBoundariesElsewhere() public {
        (Story memory before, Story memory s, Accused memory accused) = _honest();
        uint256 key = uint256(uint160(_developer())) << 96;
        AccountSums memory sums = _sums(before, s, _developer());
        Boundary memory elsewhere = _boundary(W, s.rewards, key + 1);
        sums.current = elsewhere;
        _refused(
            abi.encodeCall(IFraudProofs.proveMisaccounting, (accused, sums)),
            abi.encodeWithSelector(
                TreeProofs.TreeProofs_KeyNotBetween.selector, key, elsewhere.below.key, elsewhere.from.key
            )
        );
        sums = _sums(before, s, _developer());
        sums.end = sums.first;
        _refused(
            abi.encodeCall(IFraudProofs.proveMisaccounting, (accused, sums)),
            abi.encodeWithSelector(
                TreeProofs.TreeProofs_KeyNotBetween.selector, key + (1 << 96), sums.end.below.key, sums.end.from.key
            )
        );
    }

    function test_strayAllocation_failsForAReceiptElsewhere() public {
        (, Story memory s, Accused memory accused) = _honest();
        Opening memory leaf = _open(s, A, 1);
        uint256 position = uint96(leaf.key);
        _refused(
            abi.encodeCall(IFraudProofs.proveStrayAllocation, (accused, leaf, _open(s, R, position + 2))),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_WrongPosition.selector, position + 2, position)
        );
    }

    // ── Receipts ────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_receiptProofs_failForAReceiptThatIsNotTheLeafs() public {
        (, Story memory s, Accused memory accused) = _honest();
        SignedReceipt memory other = s.opened[0];
        other.promptTokens += 1;
        OpenedReceipt memory opened = _openReceipt(s, 0, other);
        bytes memory error =
            abi.encodeWithSelector(BatchFaults.FraudProofs_WrongReceipt.selector, _hash(other), s.receipts[1].data);
        Allocation[] memory none;
        Boundary memory boundary;
        _refused(abi.encodeCall(IFraudProofs.proveMislabelledReceipt, (accused, opened)), error);
        bytes memory call =
            abi.encodeCall(IFraudProofs.proveWrongPrice, (accused, opened, _component(), _channel(s, 0)));
        _refused(call, error);
        _refused(abi.encodeCall(IFraudProofs.proveUnbalancedAllocation, (accused, opened, none)), error);
        call = abi.encodeCall(IFraudProofs.proveUnfaithfulAllocation, (accused, opened, none, _developer(), boundary));
        _refused(call, error);
    }

    function test_wrongPrice_failsForAnotherCompositionOrChannel() public {
        (, Story memory s, Accused memory accused) = _honest();
        OpenedReceipt memory opened = _openReceipt(s, 0, s.opened[0]);
        Component memory other = Component(releaseHash, 2, 10_000);
        _refused(
            abi.encodeCall(IFraudProofs.proveWrongPrice, (accused, opened, other, _channel(s, 0))),
            abi.encodeWithSelector(
                BatchFaults.FraudProofs_WrongComposition.selector, _hashComponent(other), _hashComponent(_component())
            )
        );
        bytes memory call =
            abi.encodeCall(IFraudProofs.proveWrongPrice, (accused, opened, _component(), _channel(s, 1)));
        _refused(
            call,
            abi.encodeWithSelector(
                BatchFaults.FraudProofs_WrongChannel.selector, s.opened[0].channel, s.opened[4].channel
            )
        );
    }

    function test_allocationProofs_failForAllocationsThatTheReceiptDoesNotState() public {
        (, Story memory s, Accused memory accused) = _honest();
        OpenedReceipt memory opened = _openReceipt(s, 0, s.opened[0]);
        Allocation[] memory other = _stated(operator, s.opened[0].fee, 0);
        other[0].amount += 1;
        bytes memory error = abi.encodeWithSelector(
            BatchFaults.FraudProofs_WrongAllocations.selector, keccak256(abi.encode(other)), s.opened[0].allocationHash
        );
        Boundary memory boundary;
        _refused(abi.encodeCall(IFraudProofs.proveUnbalancedAllocation, (accused, opened, other)), error);
        bytes memory call =
            abi.encodeCall(IFraudProofs.proveUnfaithfulAllocation, (accused, opened, other, _developer(), boundary));
        _refused(call, error);
    }

    function test_contradictedReceipt_failsForStrangersAndOtherLeaves() public {
        (, Story memory s, Accused memory accused) = _honest();
        SignedReceipt memory other = s.opened[0];
        other.promptTokens += 1;
        Opening memory leaf = _open(s, R, 1);
        bytes memory signature = _signWith(payerKey, other);
        _refused(
            abi.encodeCall(IFraudProofs.proveContradictedReceipt, (accused, other, signature, leaf)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_NotSigned.selector, payer, operator)
        );
        _refused(
            abi.encodeCall(IFraudProofs.proveContradictedReceipt, (accused, other, "short", leaf)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_NotSigned.selector, address(0), operator)
        );
        signature = _sign(other);
        leaf = _open(s, R, 2);
        _refused(
            abi.encodeCall(IFraudProofs.proveContradictedReceipt, (accused, other, signature, leaf)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_WrongLeaf.selector, s.receipts[2].key, s.receipts[1].key)
        );
    }

    // ── Equivocation ────────────────────────────────────────────────────────────────────────────────────────────────

    function _twoReceipts() private returns (SignedReceipt memory first, SignedReceipt memory second) {
        Story memory s = _settleHonest(_two());
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
        first = s.opened[0];
        second = abi.decode(abi.encode(first), (SignedReceipt));
        second.outputHash = "another answer";
    }

    function test_equivocation_slashesTheMinimumStakeAfterFinalityToo() public {
        (SignedReceipt memory first, SignedReceipt memory second) = _twoReceipts();
        (bytes memory a, bytes memory b) = (_sign(first), _sign(second));
        uint256 had = token.balanceOf(watchtower);
        (bytes32 firstHash, bytes32 secondHash) = (_hash(first), _hash(second));
        vm.expectEmit(address(fraudProofs));
        emit IFraudProofs.EquivocationProven(operator, first.channel, 1, firstHash, secondHash, watchtower);
        fraudProofs.proveEquivocation(operator, first, a, second, b);
        assertEq(registry.operator(operator).stake, STAKE - MINIMUM_STAKE);
        assertEq(token.balanceOf(watchtower) - had, MINIMUM_STAKE / 5);
        // Once for a channel and sequence, in whatever order.
        _refused(
            abi.encodeCall(IFraudProofs.proveEquivocation, (operator, second, b, first, a)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_AlreadySlashed.selector, operator, first.channel, 1)
        );
    }

    /// @dev The signer is another one by now; what it signed stays provable.
    function test_equivocation_bindsFormerSigners() public {
        (SignedReceipt memory first, SignedReceipt memory second) = _twoReceipts();
        (bytes memory a, bytes memory b) = (_sign(first), _sign(second));
        vm.prank(operator);
        registry.update(makeAddr("new signer"), "", "");
        fraudProofs.proveEquivocation(operator, first, a, second, b);
        assertEq(registry.operator(operator).stake, STAKE - MINIMUM_STAKE);
    }

    /// @dev Proven against the pending batch, the same two receipts do not cost the minimum stake on top.
    function test_equivocation_isNotSlashedAgainAfterAVoid() public {
        Story memory s = _settleHonest(_two());
        SignedReceipt memory first = s.opened[0];
        SignedReceipt memory second = abi.decode(abi.encode(first), (SignedReceipt));
        second.outputHash = "another answer";
        (bytes memory a, bytes memory b) = (_sign(first), _sign(second));
        fraudProofs.proveContradictedReceipt(_accuse(s), second, b, _open(s, R, 1));
        assertEq(_state().voidedFrom, 1);
        _refused(
            abi.encodeCall(IFraudProofs.proveEquivocation, (operator, first, a, second, b)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_AlreadySlashed.selector, operator, first.channel, 1)
        );
    }

    function test_equivocation_failsWithoutTwoDifferentReceiptsOfTheOperator() public {
        (SignedReceipt memory first, SignedReceipt memory second) = _twoReceipts();
        (bytes memory a, bytes memory b) = (_sign(first), _sign(second));
        _refused(
            abi.encodeCall(IFraudProofs.proveEquivocation, (operator, first, a, first, a)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_SameReceipt.selector, _hash(first))
        );
        _refused(
            abi.encodeCall(IFraudProofs.proveEquivocation, (operator2, first, a, second, b)),
            abi.encodeWithSelector(IFraudProofs.FraudProofs_NotSigned.selector, operatorSigner, operator2)
        );
        second.sequence += 1;
        b = _sign(second);
        _noFault(abi.encodeCall(IFraudProofs.proveEquivocation, (operator, first, a, second, b)));
        second.channel = "another";
        b = _sign(second);
        _refused(
            abi.encodeCall(IFraudProofs.proveEquivocation, (operator, first, a, second, b)),
            abi.encodeWithSelector(BatchFaults.FraudProofs_WrongChannel.selector, bytes32("another"), first.channel)
        );
    }
}
