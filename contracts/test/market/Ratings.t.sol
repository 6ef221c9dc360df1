// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Artifacts} from "../../../script/Artifacts.sol";
import {Channels} from "../../src/libraries/Channels.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {TreeProofs} from "../../src/libraries/TreeProofs.sol";
import {IRatings} from "../../src/models/IRatings.sol";
import {Ratings} from "../../src/models/Ratings.sol";
import {Release, Terms} from "../../src/types/Release.sol";
import {BatchHeader, Component, Receipt as SignedReceipt} from "../../src/types/Settlement.sol";
import {UpgradeChecks} from "../unit/UpgradeChecks.sol";
import {MarketBase} from "./MarketBase.sol";

contract RatingsTest is MarketBase, UpgradeChecks {
    string private constant COMMENT = "bafkreicomment";

    function test_rate_countsAPayersOpinion() public {
        Story memory s = _final();
        IRatings.PaidAnswer memory paid = _paidBy(s, payer);
        bytes32 receiptHash = _hash(paid.receipt.receipt);
        vm.expectEmit(address(ratings));
        emit IRatings.Rated(modelId, payer, operator, 4, 0, receiptHash, COMMENT);
        vm.prank(payer);
        ratings.rate(modelId, 4, COMMENT, paid);
        IRatings.Rating memory rating = ratings.ratingOf(modelId, payer);
        assertEq(rating.stars, 4);
        assertEq(rating.paidAt, paid.receipt.receipt.timestamp);
        assertEq(rating.ratedAt, block.timestamp);
        assertEq(rating.operator, operator);
        assertEq(rating.receiptHash, receiptHash);
        _tally(4, 1);
        vm.prank(payer2);
        ratings.rate(modelId, 1, "", _paidBy(s, payer2));
        _tally(5, 2);
    }

    /// @dev A session key pays from its wallet: the wallet rates.
    function test_rate_isOfThePayerBehindASessionKey() public {
        _authorize(payer, operator, session, 100e18, uint32(block.timestamp + 1 days));
        Story memory s = _settleHonest(_one(payer, sessionKey, 2, FEE));
        _passWindow();
        IRatings.PaidAnswer memory paid = _paid(s, 0, session);
        vm.prank(session);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRatings.Ratings_WrongPayer.selector,
                Channels.id(session, operator, session),
                Channels.id(payer, operator, session)
            )
        );
        ratings.rate(modelId, 5, "", paid);
        vm.prank(payer);
        ratings.rate(modelId, 5, "", paid);
        _tally(5, 1);
    }

    function test_rate_twiceChangesTheRating() public {
        Story memory s = _final();
        vm.startPrank(payer);
        ratings.rate(modelId, 5, COMMENT, _paidBy(s, payer));
        vm.stopPrank();
        Story memory later = _final();
        IRatings.PaidAnswer memory paid = _paidBy(later, payer);
        vm.expectEmit(address(ratings));
        emit IRatings.Rated(modelId, payer, operator, 2, 5, _hash(paid.receipt.receipt), "");
        vm.prank(payer);
        ratings.rate(modelId, 2, "", paid);
        _tally(2, 1);
    }

    function test_changeRating_needsNoReceiptAnew() public {
        Story memory s = _final();
        IRatings.PaidAnswer memory paid = _paidBy(s, payer);
        vm.startPrank(payer);
        vm.expectRevert(abi.encodeWithSelector(IRatings.Ratings_NotRated.selector, modelId, payer));
        ratings.changeRating(modelId, 3, "");
        ratings.rate(modelId, 5, COMMENT, paid);
        bytes32 receiptHash = ratings.ratingOf(modelId, payer).receiptHash;
        vm.warp(block.timestamp + 1 days);
        vm.expectEmit(address(ratings));
        emit IRatings.Rated(modelId, payer, operator, 3, 5, receiptHash, "bafkreiother");
        ratings.changeRating(modelId, 3, "bafkreiother");
        assertEq(ratings.ratingOf(modelId, payer).receiptHash, receiptHash);
        assertEq(ratings.ratingOf(modelId, payer).ratedAt, block.timestamp);
        _tally(3, 1);
        vm.expectRevert(abi.encodeWithSelector(IRatings.Ratings_NotRated.selector, modelId + 1, payer));
        ratings.changeRating(modelId + 1, 3, "");
    }

    function test_rate_isForEveryModelThatTookPart() public {
        uint32 second = models.createModel("Second", "bafkreicard", _freeTerms());
        bytes32 secondRelease = models.addRelease(second, _release("second"), 0, "bafkreimanifest");
        Component[] memory composition = new Component[](2);
        composition[0] = Component(releaseHash, 1, 6_000);
        composition[1] = Component(secondRelease, 1, 4_000);
        Story memory s = _tell(_one(payer, payerKey, 1, FEE));
        s.opened[0].compositionHash = keccak256(abi.encode(composition));
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        _passWindow();
        IRatings.PaidAnswer memory paid = _paid(s, 0, payer);
        paid.composition = composition;
        vm.startPrank(payer);
        ratings.rate(modelId, 5, "", paid);
        vm.expectRevert(abi.encodeWithSelector(IRatings.Ratings_WrongModel.selector, modelId, second));
        ratings.rate(second, 1, "", paid);
        paid.part = 1;
        ratings.rate(second, 1, "", paid);
        paid.part = 2;
        vm.expectRevert(abi.encodeWithSelector(IRatings.Ratings_NoSuchPart.selector, 2, 2));
        ratings.rate(second, 1, "", paid);
        _tally(5, 1);
        assertEq(ratings.tallyOf(second).stars, 1);
    }

    function test_rate_failsForAnyoneElsesReceipt() public {
        Story memory s = _final();
        IRatings.PaidAnswer memory paid = _paidBy(s, payer);
        bytes32 settled = Channels.id(payer, operator, payer);
        _refused(payer2, modelId, paid, _wrongPayer(Channels.id(payer2, operator, payer), settled));
        paid.signer = payer2;
        _refused(payer, modelId, paid, _wrongPayer(Channels.id(payer, operator, payer2), settled));
    }

    function test_rate_failsBeforeTheBatchIsFinal() public {
        Story memory s = _settleHonest(_two());
        bytes memory notFinal = abi.encodeWithSelector(IRatings.Ratings_NotFinal.selector, operator, 1);
        _refused(payer, modelId, _paidBy(s, payer), notFinal);
        vm.warp(block.timestamp + WINDOW); // over, and still nobody has finalised it
        _refused(payer, modelId, _paidBy(s, payer), notFinal);
        _finalize(operator);
        vm.startPrank(payer);
        ratings.rate(modelId, 5, "", _paidBy(s, payer));
    }

    function test_rate_failsForAVoidBatchWhateverBecomesOfIt() public {
        Story memory none;
        Story memory s = _settleBad(_two());
        _void(none, s);
        bytes memory isVoid = abi.encodeWithSelector(IRatings.Ratings_BatchVoid.selector, operator, 1);
        _refused(payer, modelId, _paidBy(s, payer), isVoid);
        IRatings.PaidAnswer memory paid = _paidBy(s, payer);
        _refundAll(s);
        _refused(payer, modelId, paid, isVoid);
        vm.warp(block.timestamp + THAW + 1);
        _final(); // another batch has its index now
        _refused(payer, modelId, paid, abi.encodeWithSelector(IRatings.Ratings_NotSettled.selector, operator, 1));
    }

    function testFuzz_rate_failsForAHeaderThatIsNotStored(
        uint8 field
    ) public {
        IRatings.PaidAnswer memory paid = _paidBy(_final(), payer);
        BatchHeader memory h = paid.header;
        field = field % 8;
        if (field == 0) h.rewards.root = ~h.rewards.root;
        if (field == 1) h.settledAt -= 1;
        if (field == 2) h.body.receipts.root = ~h.body.receipts.root;
        if (field == 3) h.body.receipts.count += 1;
        if (field == 4) h.body.feeVersion += 1;
        if (field == 5) h.body.batchIndex += 1;
        if (field == 6) h.body.operator = operator2;
        if (field == 7) h.body.channelsHash = ~h.body.channelsHash;
        _refused(
            payer,
            modelId,
            paid,
            abi.encodeWithSelector(IRatings.Ratings_NotSettled.selector, h.body.operator, h.body.batchIndex)
        );
    }

    function test_rate_failsForAProofOfAnotherBatch() public {
        Story memory first = _final();
        Story memory second = _final();
        IRatings.PaidAnswer memory paid = _paidBy(first, payer);
        paid.header = headers[operator][second.batch.body.batchIndex];
        _refused(
            payer,
            modelId,
            paid,
            abi.encodeWithSelector(TreeProofs.TreeProofs_BadOpening.selector, SumTree.RECEIPTS, paid.receipt.leaf.index)
        );
    }

    /// @dev Whatever is changed in a receipt, it is no longer the leaf's.
    function testFuzz_rate_failsForAChangedReceipt(
        uint8 field,
        uint32 by
    ) public {
        vm.assume(by != 0);
        IRatings.PaidAnswer memory paid = _paidBy(_final(), payer);
        bytes32 settled = paid.receipt.leaf.data;
        SignedReceipt memory r = paid.receipt.receipt;
        field = field % 5;
        unchecked {
            if (field == 0) r.timestamp += by;
            if (field == 1) r.sequence += by;
            if (field == 2) r.compositionHash = keccak256(abi.encode(by));
            if (field == 3) r.channel = keccak256(abi.encode(by));
            if (field == 4) r.fee += by;
        }
        _refused(
            payer, modelId, paid, abi.encodeWithSelector(IRatings.Ratings_WrongReceipt.selector, _hash(r), settled)
        );
    }

    function test_rate_failsForAnotherModel() public {
        uint32 other = models.createModel("Other", "bafkreicard", _freeTerms());
        IRatings.PaidAnswer memory paid = _paidBy(_final(), payer);
        _refused(payer, other, paid, abi.encodeWithSelector(IRatings.Ratings_WrongModel.selector, modelId, other));
        _refused(payer, 0, paid, abi.encodeWithSelector(IRatings.Ratings_WrongModel.selector, modelId, 0));
        bytes32 expected = paid.receipt.receipt.compositionHash;
        paid.composition[0].releaseHash = models.addRelease(other, _release("other"), 0, "bafkreimanifest");
        bytes32 given = keccak256(abi.encode(paid.composition));
        _refused(
            payer, other, paid, abi.encodeWithSelector(IRatings.Ratings_WrongComposition.selector, given, expected)
        );
    }

    function test_rate_failsForAReleaseOfNoModel() public {
        Component[] memory composition = new Component[](1);
        composition[0] = Component("unknown", 1, 10_000);
        Story memory s = _tell(_one(payer, payerKey, 1, FEE));
        s.opened[0].compositionHash = keccak256(abi.encode(composition));
        s.receipts[1].data = _hash(s.opened[0]);
        _commit(s);
        _passWindow();
        IRatings.PaidAnswer memory paid = _paid(s, 0, payer);
        paid.composition = composition;
        _refused(payer, 0, paid, abi.encodeWithSelector(IRatings.Ratings_WrongModel.selector, 0, 0));
    }

    function test_rate_failsForAnAnswerThatCostNothing() public {
        Calls[] memory calls = new Calls[](2);
        calls[0] = Calls(payer, payerKey, 1, 0);
        calls[1] = Calls(payer2, payer2Key, 1, FEE);
        Story memory s = _settleHonest(calls);
        _passWindow();
        IRatings.PaidAnswer memory paid = _paidBy(s, payer);
        _refused(
            payer,
            modelId,
            paid,
            abi.encodeWithSelector(IRatings.Ratings_NothingPaid.selector, _hash(paid.receipt.receipt))
        );
    }

    function test_rate_failsForTheModelsOwnerEvenIfItGivesItAway() public {
        models.transferFrom(address(this), payer, modelId);
        IRatings.PaidAnswer memory paid = _paidBy(_final(), payer);
        bytes memory own = abi.encodeWithSelector(IRatings.Ratings_OwnModel.selector, modelId, payer);
        _refused(payer, modelId, paid, own);
        vm.prank(payer);
        models.transferFrom(payer, mallory, modelId);
        _refused(payer, modelId, paid, own);
        // What it pays for long after it has sold the model is a payer's opinion like any other.
        vm.warp(block.timestamp + 1 days);
        IRatings.PaidAnswer memory later = _paidBy(_final(), payer);
        vm.prank(payer);
        ratings.rate(modelId, 3, "", later);
        _tally(3, 1);
    }

    function test_changeRating_failsForWhoHasBoughtTheModel() public {
        IRatings.PaidAnswer memory paid = _paidBy(_final(), payer);
        vm.prank(payer);
        ratings.rate(modelId, 2, "", paid);
        models.transferFrom(address(this), payer, modelId);
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(IRatings.Ratings_OwnModel.selector, modelId, payer));
        ratings.changeRating(modelId, 5, "");
        _tally(2, 1);
    }

    function test_rate_failsForTheOperatorThatAnswered() public {
        _deposit(operator, operator, 100e18);
        Story memory s = _settleHonest(_one(operator, operatorKey, 1, FEE));
        _passWindow();
        _refused(
            operator,
            modelId,
            _paid(s, 0, operator),
            abi.encodeWithSelector(IRatings.Ratings_OwnAnswer.selector, operator)
        );
    }

    function testFuzz_rate_failsForBadStarsAndLongComments(
        uint8 stars,
        uint8 length
    ) public {
        IRatings.PaidAnswer memory paid = _paidBy(_final(), payer);
        string memory comment = string(new bytes(length));
        vm.prank(payer);
        if (stars == 0 || stars > 5) {
            vm.expectRevert(abi.encodeWithSelector(IRatings.Ratings_InvalidStars.selector, stars));
        } else if (length > 100) {
            vm.expectRevert(abi.encodeWithSelector(IRatings.Ratings_InvalidComment.selector, length));
        }
        ratings.rate(modelId, stars, comment, paid);
    }

    /// @dev The tally is the sum of what stands, whatever was changed on the way.
    function testFuzz_tally_isTheSumOfTheRatings(
        uint8[8] memory stars
    ) public {
        Story memory s = _final();
        address[2] memory raters = [payer, payer2];
        for (uint256 i; i < stars.length; ++i) {
            address rater = raters[i % 2];
            uint8 given = uint8(bound(stars[i], 1, 5));
            IRatings.PaidAnswer memory paid = _paidBy(s, rater);
            vm.prank(rater);
            if (i < 4) ratings.rate(modelId, given, "", paid);
            else ratings.changeRating(modelId, given, "");
        }
        _tally(uint64(ratings.ratingOf(modelId, payer).stars) + ratings.ratingOf(modelId, payer2).stars, 2);
    }

    function test_upgrade_keepsItsState() public {
        IRatings.PaidAnswer memory paid = _paidBy(_final(), payer);
        vm.record();
        vm.prank(payer);
        ratings.rate(modelId, 4, "", paid);
        watch(abi.encodeCall(ratings.ratingOf, (modelId, payer)));
        watch(abi.encodeCall(ratings.tallyOf, (modelId)));
        address[] memory others = new address[](3);
        (others[0], others[1], others[2]) = (guardian, payer, operator);
        upgradeKeepsState(
            address(ratings), Artifacts.create("Ratings", abi.encode(settlement, models)), address(this), others
        );
        vm.prank(payer);
        ratings.changeRating(modelId, 5, "");
        _tally(5, 1);
    }

    function _final() private returns (Story memory s) {
        s = _settleHonest(_two());
        _passWindow();
    }

    function _paidBy(
        Story memory s,
        address payer_
    ) private view returns (IRatings.PaidAnswer memory) {
        return _paid(s, _firstOf(s, payer_), payer_);
    }

    function _wrongPayer(
        bytes32 given,
        bytes32 expected
    ) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRatings.Ratings_WrongPayer.selector, given, expected);
    }

    function _refused(
        address rater,
        uint32 model,
        IRatings.PaidAnswer memory paid,
        bytes memory error
    ) private {
        vm.prank(rater);
        vm.expectRevert(error);
        ratings.rate(model, 5, "", paid);
    }

    function _tally(
        uint64 stars,
        uint32 count
    ) private view {
        IRatings.Tally memory tally = ratings.tallyOf(modelId);
        assertEq(tally.stars, stars);
        assertEq(tally.count, count);
    }

    function _freeTerms() private pure returns (Terms memory terms) {
        terms.contributorsBps = 10_000;
    }

    function _release(
        bytes32 baseModel
    ) private pure returns (Release memory release) {
        release.baseModel = baseModel;
    }
}
