// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CaseStatus, Juror, JuryCase, JurySettings} from "../../src/types/Jury.sol";
import {JuryBase} from "../settlement/JuryBase.sol";
import {JuryHandler} from "./JuryHandler.sol";

/// @notice What the jury holds is exactly what it owes, and duties are all that holds stake.
contract JuryInvariant is JuryBase {
    JuryHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new JuryHandler(jury, filer, jurors, uses);
        Story memory first = _settleHonest(_two());
        Story memory second = _settleHonest(_two());
        for (uint256 i = 0; i < 5; ++i) {
            handler.add(_accusedAt(first, i));
            handler.add(_accusedAt(second, i));
        }
        token.mint(filer, 100_000_000e18);
        for (uint256 i = 0; i < jurors.length; ++i) {
            token.mint(jurors[i], 1_000_000e18);
        }
        targetContract(address(handler));
        bytes4[] memory setup = new bytes4[](1);
        setup[0] = JuryHandler.add.selector;
        excludeSelector(FuzzSelector(address(handler), setup));
    }

    /// @dev Cases may be filed as long as the sequence lasts.
    function _settings() internal view override returns (JurySettings memory s) {
        s = super._settings();
        s.filingPeriod = 365 days;
    }

    function invariant_holdsWhatItOwes() public view {
        _assertSolvent();
    }

    function invariant_onlyOpenDutiesLockStake() public view {
        for (uint256 i = 0; i < jurors.length; ++i) {
            uint256 duties;
            for (uint32 id = 1; id <= jury.caseCount(); ++id) {
                JuryCase memory c = jury.caseOf(id);
                if (c.status == CaseStatus.Open && jury.seatOf(id, c.round, jurors[i]).drawn) ++duties;
            }
            Juror memory j = jury.juror(jurors[i]);
            assertEq(j.locked, duties * PENALTY);
            assertGe(j.stake, j.locked);
        }
    }

    /// @dev Fixed amounts, once per receipt: stake is never taken without a verdict of guilt.
    function invariant_slashesAreForGuiltyVerdictsOnly() public view {
        uint256 guilty;
        for (uint32 id = 1; id <= jury.caseCount(); ++id) {
            JuryCase memory c = jury.caseOf(id);
            if (c.status == CaseStatus.Guilty) ++guilty;
            assertTrue(c.guilty + c.innocent <= c.drawn && c.drawn <= c.seats);
            if (c.status == CaseStatus.Guilty) assertGt(c.guilty, c.seats / 2);
        }
        uint256 lost = STAKE - registry.operator(operator).stake;
        assertLe(lost, guilty * MINIMUM_STAKE);
        assertEq(lost % MINIMUM_STAKE, 0);
        assertEq(lost == 0, guilty == 0);
    }

    function invariant_noBatchIsTouched() public view {
        assertEq(_state().voidedFrom, 0);
        assertEq(_state().settled, 2);
    }

    function afterInvariant() public view {
        assertLe(handler.decided(), 2 * handler.filed());
    }
}
