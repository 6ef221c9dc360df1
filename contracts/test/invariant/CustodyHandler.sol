// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "forge-std/Test.sol";
import {AccessGrants} from "../../src/datanets/AccessGrants.sol";
import {DatanetPool} from "../../src/datanets/DatanetPool.sol";
import {DatanetRegistry} from "../../src/datanets/DatanetRegistry.sol";
import {IDatanetRegistry} from "../../src/datanets/IDatanetRegistry.sol";
import {ITrainingJobs} from "../../src/models/ITrainingJobs.sol";
import {TrainingJobs} from "../../src/models/TrainingJobs.sol";
import {OpenToken} from "../../src/token/OpenToken.sol";
import {DatanetUse, Release} from "../../src/types/Release.sol";

/// @notice Everything people do with bonds, pools and escrows, bounded so that nothing reverts.
contract CustodyHandler is Test {
    OpenToken public immutable token;
    DatanetRegistry public immutable datanets;
    TrainingJobs public immutable jobs;
    uint32 public immutable datanetId;
    uint32 public immutable modelId;
    DatanetPool public immutable pool;

    address public immutable reviewer;
    address public immutable developer;
    address public immutable operator;
    address[] public contributors;
    DatanetUse[] internal uses;
    uint32[] internal grantIds;

    /// @dev OPEN that ever came to the pool, and that it paid.
    uint256 public pooled;
    uint256 public paid;
    mapping(bytes32 what => uint256) public calls;

    constructor(
        OpenToken token_,
        DatanetRegistry datanets_,
        TrainingJobs jobs_,
        uint32 datanetId_,
        uint32 modelId_,
        address[3] memory roles,
        address[] memory contributors_,
        DatanetUse memory use,
        uint32 grantId
    ) {
        token = token_;
        datanets = datanets_;
        jobs = jobs_;
        datanetId = datanetId_;
        modelId = modelId_;
        pool = DatanetPool(datanets_.datanet(datanetId_).pool);
        (reviewer, developer, operator) = (roles[0], roles[1], roles[2]);
        contributors = contributors_;
        uses.push(use);
        grantIds.push(grantId);
    }

    function commit(
        uint256 who
    ) external {
        address contributor = contributors[who % contributors.length];
        bytes32 root = keccak256(abi.encode(datanets.contributionCount() + 1));
        vm.prank(contributor);
        datanets.commit(datanetId, keccak256(abi.encode(root, bytes32(0), contributor)));
        vm.roll(block.number + 1);
        ++calls["commit"];
    }

    function reveal(
        uint256 which,
        uint256 records
    ) external {
        (uint32 id, IDatanetRegistry.Contribution memory c, bool found) =
            _contribution(which, IDatanetRegistry.ContributionStatus.Committed);
        if (!found) return;
        vm.prank(c.contributor);
        datanets.reveal(id, keccak256(abi.encode(id)), 0, "cid", uint32(bound(records, 1, 20_000)), 1);
        ++calls["reveal"];
    }

    function decide(
        uint256 which,
        uint256 how
    ) external {
        (uint32 id,, bool found) = _contribution(which, IDatanetRegistry.ContributionStatus.Revealed);
        if (!found) return;
        uint256 before = token.balanceOf(address(pool));
        vm.prank(reviewer);
        if (how % 4 == 3) datanets.accept(id, 1, "");
        else datanets.reject(id, IDatanetRegistry.Rejection(how % 4), "");
        pooled += token.balanceOf(address(pool)) - before;
        ++calls["decide"];
    }

    function withdraw(
        uint256 which
    ) external {
        (uint32 id, IDatanetRegistry.Contribution memory c, bool found) =
            _contribution(which, IDatanetRegistry.ContributionStatus.Committed);
        if (!found) {
            (id, c, found) = _contribution(which, IDatanetRegistry.ContributionStatus.Revealed);
            if (!found) return;
            vm.warp(block.timestamp + datanets.reviewPeriod());
        }
        vm.prank(c.contributor);
        datanets.withdraw(id);
        ++calls["withdraw"];
    }

    function revoke(
        uint256 which
    ) external {
        (uint32 id, IDatanetRegistry.Contribution memory c, bool found) =
            _contribution(which, IDatanetRegistry.ContributionStatus.Accepted);
        if (!found) return;
        vm.prank(c.contributor);
        datanets.revoke(id);
        ++calls["revoke"];
    }

    function payPool(
        uint256 amount
    ) external {
        amount = bound(amount, 0, token.balanceOf(developer) / 100);
        vm.prank(developer);
        token.transfer(address(pool), amount);
        pooled += amount;
    }

    function claim(
        uint256 who
    ) external {
        paid += pool.claim(contributors[who % contributors.length]);
        ++calls["claim"];
    }

    function open(
        uint256 escrow
    ) external {
        escrow = bound(escrow, 1, token.balanceOf(developer) / 100 + 1);
        vm.prank(developer);
        jobs.open(modelId, "base", uses, grantIds, uint96(escrow), uint64(block.timestamp + 1_000), "cid");
        ++calls["open"];
    }

    function take(
        uint256 which,
        uint256 price,
        uint256 checkpoints
    ) external {
        (uint32 id, ITrainingJobs.Job memory j, bool found) = _job(which, ITrainingJobs.JobStatus.Open);
        if (!found || block.timestamp > j.openUntil) return;
        vm.prank(operator);
        jobs.quote(id, uint96(bound(price, 0, j.escrow)), 1_000, uint16(bound(checkpoints, 0, 5)));
        vm.prank(developer);
        jobs.accept(id, operator);
        ++calls["take"];
    }

    function train(
        uint256 which
    ) external {
        (uint32 id, ITrainingJobs.Job memory j, bool found) = _job(which, ITrainingJobs.JobStatus.Accepted);
        if (!found || block.timestamp > j.deliverBy) return;
        vm.startPrank(operator);
        if (j.checkpointsDone < j.checkpoints) {
            jobs.commitCheckpoint(id, j.checkpointsDone + 1, "x");
        } else {
            Release memory r;
            r.baseModel = "base";
            r.datanetsHash = j.datanetsHash;
            r.trainingLogRoot = bytes32(uint256(id));
            r.evaluationHash = keccak256("evaluation");
            jobs.attest(id, r, "evaluation", "cid");
        }
        vm.stopPrank();
        ++calls["train"];
    }

    function refund(
        uint256 which
    ) external {
        (uint32 id, ITrainingJobs.Job memory j, bool found) =
            _job(which, which % 2 == 0 ? ITrainingJobs.JobStatus.Open : ITrainingJobs.JobStatus.Accepted);
        if (!found) return;
        uint64 deadline = j.status == ITrainingJobs.JobStatus.Open ? j.openUntil : j.deliverBy;
        if (block.timestamp <= deadline) vm.warp(uint256(deadline) + 1);
        jobs.refund(id);
        ++calls["refund"];
    }

    function contributorCount() external view returns (uint256) {
        return contributors.length;
    }

    /// @dev The first contribution in that state from `which` on, around.
    function _contribution(
        uint256 which,
        IDatanetRegistry.ContributionStatus status
    ) private view returns (uint32 id, IDatanetRegistry.Contribution memory c, bool found) {
        uint32 count = datanets.contributionCount();
        for (uint256 i; i < count && !found; ++i) {
            id = uint32((which % count + i) % count) + 1;
            c = datanets.contribution(id);
            found = c.status == status;
        }
    }

    function _job(
        uint256 which,
        ITrainingJobs.JobStatus status
    ) private view returns (uint32 id, ITrainingJobs.Job memory j, bool found) {
        uint32 count = jobs.jobCount();
        for (uint256 i; i < count && !found; ++i) {
            id = uint32((which % count + i) % count) + 1;
            j = jobs.job(id);
            found = j.status == status;
        }
    }
}
