// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessGrants} from "../../src/datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../../src/datanets/IDatanetRegistry.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {DatanetUse} from "../../src/types/Release.sol";
import {Deployed} from "../Deployed.sol";
import {CustodyHandler} from "./CustodyHandler.sol";

/// @notice What datanets, pools and jobs hold is exactly what they owe.
contract CustodyInvariant is Deployed {
    CustodyHandler internal handler;
    uint256 internal supply;

    function setUp() public override {
        super.setUp();
        uint32 datanetId = createDatanet();
        uint32 modelId = createModel(developer);
        accept(contribute(datanetId, alice, "root", 5));
        (uint32 version, bytes32 root) = publish(datanetId);
        vm.prank(developer);
        uint32 grantId = grants.request(datanetId, IAccessGrants.Purpose.Train, "");
        vm.prank(provider);
        grants.approve(grantId, type(uint64).max);
        startOperator(operator);
        address[] memory contributors = new address[](3);
        (contributors[0], contributors[1], contributors[2]) = (alice, bob, mallory);
        handler = new CustodyHandler(
            token,
            datanets,
            jobs,
            datanetId,
            modelId,
            [reviewer, developer, operator],
            contributors,
            DatanetUse(datanetId, version, root),
            grantId
        );
        supply = token.totalSupply();
        targetContract(address(handler));
    }

    function invariant_datanetsHoldEveryOpenBond() public view {
        uint256 owed;
        for (uint32 id = 1; id <= datanets.contributionCount(); ++id) {
            IDatanetRegistry.Contribution memory c = datanets.contribution(id);
            if (
                c.status == IDatanetRegistry.ContributionStatus.Committed
                    || c.status == IDatanetRegistry.ContributionStatus.Revealed
            ) owed += c.bond;
        }
        assertEq(token.balanceOf(address(datanets)), owed);
    }

    function invariant_jobsHoldEveryOpenEscrow() public view {
        uint256 owed;
        for (uint32 id = 1; id <= jobs.jobCount(); ++id) {
            ITrainingJobs.Job memory j = jobs.job(id);
            assertLe(j.released, j.escrow);
            if (j.status == ITrainingJobs.JobStatus.Open || j.status == ITrainingJobs.JobStatus.Accepted) {
                owed += j.escrow - j.released;
            }
        }
        assertEq(token.balanceOf(address(jobs)), owed);
    }

    function invariant_poolOwesNoMoreThanItHolds() public view {
        uint256 owed;
        uint256 records;
        for (uint256 i; i < handler.contributorCount(); ++i) {
            address contributor = handler.contributors(i);
            owed += handler.pool().claimable(contributor);
            records += handler.pool().recordsOf(contributor);
        }
        uint256 balance = token.balanceOf(address(handler.pool()));
        assertLe(owed, balance);
        // Wei that divisions leave, and what waits for a record.
        if (records > 0) assertLe(balance - owed, 1_000);
        assertEq(balance, handler.pooled() - handler.paid());
        assertEq(records, handler.pool().totalRecords());
        assertEq(records, datanets.datanet(handler.datanetId()).records);
    }

    /// @dev Whatever was accepted and revoked: in the list, in the datanet and in the pool.
    function invariant_recordsAreThoseOfAcceptedContributions() public view {
        uint32[] memory ids = datanets.acceptedContributions(handler.datanetId());
        uint256 count;
        uint256 records;
        for (uint32 id = 1; id <= datanets.contributionCount(); ++id) {
            IDatanetRegistry.Contribution memory c = datanets.contribution(id);
            if (c.status != IDatanetRegistry.ContributionStatus.Accepted) continue;
            assertEq(ids[count++], id);
            records += c.records;
        }
        assertEq(count, ids.length);
        assertEq(records, datanets.datanet(handler.datanetId()).records);
        assertEq(records, handler.pool().totalRecords());
    }

    function invariant_nothingIsMadeOrLost() public view {
        assertEq(token.totalSupply(), supply);
    }
}
