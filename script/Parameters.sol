// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IFeePolicy} from "../contracts/src/settlement/IFeePolicy.sol";
import {ProposalSettings} from "../contracts/src/types/Proposals.sol";
import {RoundSettings} from "../contracts/src/types/Rounds.sol";

/// @dev All in seconds.
struct Clocks {
    uint64 batchAge; // an operator settles at the latest this long after a receipt
    uint64 window; // from settling a batch to its finality
    uint64 dataAnswer; // an operator has this long to publish data that is asked for
    uint64 dataProof; // what was published can be disproved for this long at least
    uint64 jury; // from filing a case to the end of its first round: drawing, committing and revealing
    uint64 appeal; // the same for the second draw
    uint64 juryDraw; // jurors are drawn within this time
    uint64 juryCommit; // then commit to their votes
    uint64 juryReveal; // then reveal them
    uint64 unbonding; // of operators' stake
    uint64 settlementPeriod; // an operator may need this long to settle what is open
    uint64 longestPause;
    uint64 thaw; // of payers' deposits
    uint64 feeNotice; // from setting a fee to its effect
    uint64 feeGrace; // receipts of an earlier fee may be settled this long after it was replaced
    uint64 requestPeriod; // contracts that ask a model give it at least this long to answer
    uint64 reviewPeriod; // contributors take their bond back after this
    uint64 votingDelay;
    uint64 votingPeriod;
    uint64 treasuryDelay; // timelock of the treasury
    uint64 parametersDelay; // timelock of the parameters
    uint64 modelsDelay; // timelock of what concerns models
    uint64 agentsDelay; // timelock of what concerns agents
    uint64 upgradeDelay; // timelock of upgrades and of every right
    uint64 agentCooldown; // of agents' stake
}

/// @dev What one kind of decision needs. How long it waits in its timelock stands with the clocks.
struct DecisionRules {
    uint16 quorumBps; // of all power: for and abstain count
    bool twoMajorities; // a majority of each part of power, not of the whole alone
    uint256 threshold; // of 1e18: power that proposing takes
}

struct Decisions {
    DecisionRules treasury;
    DecisionRules parameters;
    DecisionRules models;
    DecisionRules agents;
    DecisionRules upgrades;
}

struct Mint {
    address to;
    uint256 amount; // wei
}

struct Parameters {
    bool development;
    Clocks clocks;
    IFeePolicy.Split fees;
    uint96 minimumStake; // wei, of operators
    uint96 jurorStake; // wei, that a juror has staked at least
    uint96 jurorPenalty; // wei, for a duty not done
    uint96 juryBond; // wei, of the first open case about a batch or release
    uint96 dataBond; // wei, of a request for a batch's data
    uint16 jurySeats; // of a first round
    ProposalSettings proposals;
    RoundSettings rounds; // blind judgements of two releases
    uint96 agentStake; // wei, that an active agent has staked at least
    uint32 callbackGas; // most that a contract which asked a model may be called back with
    uint208 votesFloor; // weight at which contribution has its 80 %: units of 10,000 wei burned on the first day
    Decisions decisions;
    address guardian;
    address bridge; // may mint and burn OPEN for the standard bridge
    address superchainBridge; // the same for ERC-7802
    address remoteToken; // OPEN on L1
    // development only
    uint256 faucetAmount; // wei a drip
    uint64 faucetPeriod; // seconds
    uint256 faucetPot; // wei
    uint256 treasuryPot; // wei
    Mint[] mints;
}

error Parameters_BrokenClock(string rule);
error Parameters_Missing(string what);

/// @notice The two sets of parameters, and what any set must hold to.
library ParameterSets {
    uint256 private constant OPEN = 1e18;

    // predeploys of the OP Stack
    address private constant STANDARD_BRIDGE = 0x4200000000000000000000000000000000000010;
    address private constant SUPERCHAIN_BRIDGE = 0x4200000000000000000000000000000000000028;

    /// @notice Seconds instead of days, for a chain whose clock is never moved.
    function dev() internal pure returns (Parameters memory p) {
        p = _common();
        p.development = true;
        p.clocks = Clocks({
            batchAge: 20,
            window: 30,
            dataAnswer: 15,
            dataProof: 10,
            jury: 90,
            appeal: 90,
            juryDraw: 20,
            juryCommit: 40,
            juryReveal: 30,
            unbonding: 240,
            settlementPeriod: 30,
            longestPause: 10,
            thaw: 60,
            feeNotice: 30,
            feeGrace: 60,
            requestPeriod: 20,
            reviewPeriod: 120,
            votingDelay: 5,
            votingPeriod: 90,
            treasuryDelay: 5,
            parametersDelay: 5,
            modelsDelay: 5,
            agentsDelay: 5,
            upgradeDelay: 120,
            agentCooldown: 240
        });
        p.minimumStake = uint96(1_000 * OPEN);
        p.jurorStake = uint96(100 * OPEN);
        p.jurorPenalty = uint96(10 * OPEN);
        p.juryBond = uint96(50 * OPEN);
        p.dataBond = uint96(5 * OPEN);
        p.jurySeats = 3;
        p.proposals = ProposalSettings({
            bond: uint96(20 * OPEN),
            longestFunding: 30 days,
            startPeriod: 10 minutes,
            quotePeriod: 10 minutes,
            longestTraining: 1 days,
            revealPeriod: 10 minutes,
            reportPeriod: 10 minutes,
            disputePeriod: 30
        });
        p.rounds = RoundSettings({
            bond: uint96(20 * OPEN),
            commitPeriod: 120,
            revealPeriod: 60,
            assignmentPeriod: 60,
            contestPeriod: 150,
            quorumBps: 200
        });
        p.agentStake = uint96(100 * OPEN);
        p.votesFloor = 4e12; // 0.04 OPEN burned: some dozen answers
        p.bridge = STANDARD_BRIDGE;
        p.faucetAmount = 1_000 * OPEN;
        p.faucetPeriod = 60;
        p.faucetPot = 10_000_000 * OPEN;
        p.treasuryPot = 1_000_000 * OPEN;
    }

    /// @notice What a network with real value starts with. Guardian and L1 token are to be named.
    function production() internal pure returns (Parameters memory p) {
        p = _common();
        p.clocks = Clocks({
            batchAge: 1 hours,
            window: 48 hours,
            dataAnswer: 24 hours,
            dataProof: 12 hours,
            jury: 3 days,
            appeal: 3 days,
            juryDraw: 12 hours,
            juryCommit: 36 hours,
            juryReveal: 24 hours,
            unbonding: 14 days,
            settlementPeriod: 3 days,
            longestPause: 3 days,
            thaw: 7 days,
            feeNotice: 7 days,
            feeGrace: 7 days,
            requestPeriod: 4 days,
            reviewPeriod: 14 days,
            votingDelay: 1 days,
            votingPeriod: 7 days,
            treasuryDelay: 2 days,
            parametersDelay: 4 days,
            modelsDelay: 1 days,
            agentsDelay: 2 days,
            upgradeDelay: 11 days,
            agentCooldown: 14 days
        });
        p.minimumStake = uint96(100_000 * OPEN);
        p.jurorStake = uint96(10_000 * OPEN);
        p.jurorPenalty = uint96(500 * OPEN);
        p.juryBond = uint96(2_000 * OPEN);
        p.dataBond = uint96(100 * OPEN);
        p.jurySeats = 7;
        p.proposals = ProposalSettings({
            bond: uint96(1_000 * OPEN),
            longestFunding: 60 days,
            startPeriod: 7 days,
            quotePeriod: 7 days,
            longestTraining: 30 days,
            revealPeriod: 3 days,
            reportPeriod: 3 days,
            disputePeriod: 5 days
        });
        p.rounds = RoundSettings({
            bond: uint96(1_000 * OPEN),
            commitPeriod: 5 days,
            revealPeriod: 2 days,
            assignmentPeriod: 2 days,
            contestPeriod: 10 days,
            quorumBps: 200
        });
        p.agentStake = uint96(5_000 * OPEN);
        p.votesFloor = 1e20; // 1,000,000 OPEN burned on the first day
        p.decisions.treasury.threshold = 0.001e18;
        p.decisions.parameters.threshold = 0.001e18;
        p.decisions.models.threshold = 0.0005e18;
        p.decisions.agents.threshold = 0.001e18;
        p.decisions.upgrades.threshold = 0.002e18;
        p.bridge = STANDARD_BRIDGE;
        p.superchainBridge = SUPERCHAIN_BRIDGE;
    }

    /// @notice Reverts unless the clocks leave everybody the time that others' clocks give them.
    function check(
        Parameters memory p
    ) internal pure {
        Clocks memory c = p.clocks;
        _require(c.window > 0 && c.votingPeriod > 0 && c.treasuryDelay > 0, "clocks > 0");
        // what a batch did can be answered for while the stake is still there
        _require(
            c.unbonding > c.window + c.dataAnswer + c.dataProof + c.jury + c.appeal,
            "unbonding > window + data answers + their proofs + jury + appeal"
        );
        _require(c.dataAnswer > 0 && c.dataProof > 0, "clocks > 0");
        _require(c.juryDraw > 0 && c.juryCommit > 0 && c.juryReveal > 0, "clocks > 0");
        _require(c.jury >= c.juryDraw + c.juryCommit + c.juryReveal, "jury >= draw + commit + reveal");
        _require(c.appeal >= c.jury, "appeal >= jury");
        // a payer cannot leave with what an operator had no time to settle
        _require(c.thaw > c.longestPause + c.settlementPeriod, "thaw > longest pause + settlement period");
        // who dislikes an upgrade can take deposits out and see every batch final before it
        _require(
            c.upgradeDelay > c.thaw + c.window + c.dataAnswer + c.dataProof,
            "upgrade delay > thaw + window + data answers + their proofs"
        );
        _require(c.parametersDelay > 0 && c.modelsDelay > 0 && c.agentsDelay > 0, "clocks > 0");
        _require(c.upgradeDelay > c.treasuryDelay, "upgrade delay > treasury delay");
        _require(c.upgradeDelay > c.parametersDelay, "upgrade delay > parameters delay");
        _require(c.upgradeDelay > c.modelsDelay, "upgrade delay > models delay");
        _require(c.upgradeDelay > c.agentsDelay, "upgrade delay > agents delay");
        // an agent cannot leave with its stake while a decision to slash it is on its way
        _require(
            c.agentCooldown > c.votingDelay + c.votingPeriod + c.agentsDelay,
            "agent cooldown > voting delay + voting period + agents delay"
        );
        _require(c.settlementPeriod >= c.batchAge, "settlement period >= batch age");
        _require(c.feeGrace >= c.longestPause + c.settlementPeriod, "fee grace >= longest pause + settlement period");
        // a pause of deposits, which answers make, ends before a request does
        _require(c.requestPeriod > c.longestPause, "request period > longest pause");
        // nobody can keep objections out until a proposal pays
        _require(p.proposals.disputePeriod > c.longestPause, "dispute period > longest pause");
        _require(p.rounds.commitPeriod > 0 && p.rounds.revealPeriod > 0 && p.rounds.assignmentPeriod > 0, "clocks > 0");
        // a round's bond is still there when a decision to strike it comes
        _require(
            p.rounds.contestPeriod > c.votingDelay + c.votingPeriod + c.modelsDelay,
            "contest of a round > voting delay + voting period + models delay"
        );
        if (p.development) return;
        _require(c.window >= 48 hours, "window >= 48 h in production");
        if (p.guardian == address(0)) revert Parameters_Missing("guardian");
        if (p.remoteToken == address(0)) revert Parameters_Missing("remoteToken");
        if (p.faucetPot + p.treasuryPot + p.mints.length > 0) revert Parameters_Missing("development");
    }

    function _common() private pure returns (Parameters memory p) {
        p.fees = IFeePolicy.Split({
            protocolFeeBps: 500,
            burnBps: 5_000,
            contributorCapBps: 8_000,
            verbatimBps: 2_000,
            retrievalBps: 3_000,
            fidelityFloorBps: 5_000
        });
        p.callbackGas = 1_000_000;
        // what moves the DAO's money, its rules or its code takes both parts of power; the rest the majority of the whole
        p.decisions.treasury = DecisionRules({quorumBps: 1_000, twoMajorities: true, threshold: 0});
        p.decisions.parameters = DecisionRules({quorumBps: 1_500, twoMajorities: true, threshold: 0});
        p.decisions.models = DecisionRules({quorumBps: 500, twoMajorities: false, threshold: 0});
        p.decisions.agents = DecisionRules({quorumBps: 1_000, twoMajorities: false, threshold: 0});
        p.decisions.upgrades = DecisionRules({quorumBps: 2_000, twoMajorities: true, threshold: 0});
    }

    function _require(
        bool holds,
        string memory rule
    ) private pure {
        if (!holds) revert Parameters_BrokenClock(rule);
    }
}
