// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IModelProposals} from "../../src/models/IModelProposals.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {Jury} from "../../src/oracles/Jury.sol";
import {CaseStatus, Vote} from "../../src/types/Jury.sol";
import {JuryBase} from "../settlement/JuryBase.sol";
import {UpgradeChecks} from "./UpgradeChecks.sol";

/// @notice A jury in the middle of a case gets new code, and the case goes on.
contract JuryUpgradesTest is JuryBase, UpgradeChecks {
    function test_upgradeJury_keepsItsStateAndTheCaseGoesOn() public {
        vm.record();
        (uint32 caseId, address[] memory drawn) = _drawnCase();
        for (uint256 i = 0; i < drawn.length; ++i) {
            _commitVote(caseId, drawn[i], Vote.Guilty);
        }
        vm.prank(jurors[7]);
        jury.unstake(30e18);
        for (uint256 i = 0; i < jurors.length; ++i) {
            watch(abi.encodeCall(jury.juror, (jurors[i])));
            watch(abi.encodeCall(jury.credit, (jurors[i])));
        }
        watch(abi.encodeCall(jury.caseOf, (caseId)));
        watch(abi.encodeCall(jury.jurorsOf, (caseId, jury.caseOf(caseId).round)));
        watch(abi.encodeCall(jury.caseCount, ()));
        watch(abi.encodeCall(jury.activeJurors, ()));
        watch(abi.encodeCall(jury.sampleRateBps, ()));
        watch(abi.encodeCall(jury.settings, ()));
        Jury next = new Jury(
            IERC20(address(token)),
            registry,
            settlement,
            ITrainingJobs(makeAddr("jobs")),
            datanets,
            IModelProposals(makeAddr("proposals")),
            LONGEST_PAUSE,
            _settings()
        );
        address[] memory others = new address[](5);
        (others[0], others[1], others[2]) = (guardian, governance, operator);
        (others[3], others[4]) = (filer, drawn[0]);
        upgradeKeepsState(address(jury), address(next), address(this), others);

        _pass(COMMIT + 1);
        for (uint256 i = 0; i < drawn.length; ++i) {
            _revealVote(caseId, drawn[i], Vote.Guilty);
        }
        _pass(REVEAL + 1);
        jury.decide(caseId);
        assertEq(uint8(_status(caseId)), uint8(CaseStatus.Guilty));
        _assertSolvent();
    }
}
