// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Artifacts} from "../../../script/Artifacts.sol";
import {SumTree} from "../../src/libraries/SumTree.sol";
import {IRatings} from "../../src/models/IRatings.sol";
import {ModelMarket} from "../../src/models/ModelMarket.sol";
import {Ratings} from "../../src/models/Ratings.sol";
import {OpenedReceipt} from "../../src/types/Proofs.sol";
import {Component} from "../../src/types/Settlement.sol";
import {FraudBase} from "../settlement/FraudBase.sol";

/// @notice A model that is paid for through settlement, a market for it and ratings of it. The test itself owns the model.
abstract contract MarketBase is FraudBase {
    ModelMarket internal market;
    Ratings internal ratings;
    uint32 internal modelId;

    function setUp() public virtual override {
        super.setUp();
        modelId = models.modelOf(releaseHash);
        market = ModelMarket(
            _proxy(
                Artifacts.create("ModelMarket", abi.encode(token, models)),
                abi.encodeCall(ModelMarket.initialize, (address(manager)))
            )
        );
        ratings = Ratings(
            _proxy(
                Artifacts.create("Ratings", abi.encode(settlement, models)),
                abi.encodeCall(Ratings.initialize, (address(manager)))
            )
        );
    }

    /// @dev The receipt at a position of a settled story, as its payer shows it.
    function _paid(
        Story memory s,
        uint256 position,
        address signer
    ) internal view returns (IRatings.PaidAnswer memory paid) {
        paid.header = headers[operator][s.batch.body.batchIndex];
        paid.receipt = OpenedReceipt(_open(s, SumTree.RECEIPTS, position + 1), s.opened[position]);
        paid.composition = new Component[](1);
        paid.composition[0] = _component();
        paid.signer = signer;
    }

    /// @dev Position of the first receipt of a payer's channel.
    function _firstOf(
        Story memory s,
        address payer_
    ) internal pure returns (uint256 position) {
        for (uint256 i; s.calls[i].payer != payer_; ++i) {
            position += s.calls[i].calls;
        }
    }

    function _passWindow() internal {
        vm.warp(block.timestamp + WINDOW);
        _finalize(operator);
    }
}
