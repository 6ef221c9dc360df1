// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {GovernorUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/GovernorUpgradeable.sol";
import {
    TimelockControllerUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";
import {
    GovernorSettingsUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorSettingsUpgradeable.sol";
import {
    GovernorTimelockControlUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorTimelockControlUpgradeable.sol";
import {
    GovernorVotesUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorVotesUpgradeable.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IOpenGovernor} from "./IOpenGovernor.sol";
import {IVotingPower} from "./IVotingPower.sol";
import {ProposalTallies, Tally} from "./ProposalTallies.sol";

/// @title Governor of one kind of decisions, counting both parts of voting power
contract OpenGovernor is
    GovernorUpgradeable,
    GovernorSettingsUpgradeable,
    GovernorVotesUpgradeable,
    GovernorTimelockControlUpgradeable,
    AccessManagedUpgradeable,
    UUPSUpgradeable,
    IOpenGovernor
{
    using ProposalTallies for Tally;

    /// @dev All voting power, as VotingPower hands it out.
    uint256 private constant TOTAL = 1e18;
    uint256 private constant BPS = 10_000;

    struct Settings {
        string name; // for EIP-712 and people
        bytes32 kind;
        bool twoMajorities;
        uint16 quorumBps; // of all power: for and abstain count
        uint48 votingDelay; // seconds
        uint32 votingPeriod; // seconds
        uint256 proposalThreshold; // of 1e18
        address guardian;
    }

    /// @custom:storage-location erc7201:openledger.storage.OpenGovernor
    struct OpenGovernorStorage {
        bytes32 kind;
        address guardian;
        uint16 quorumBps;
        bool twoMajorities;
        mapping(uint256 proposalId => Tally) tallies;
        mapping(uint256 proposalId => bool) vetoed;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.OpenGovernor")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant OPEN_GOVERNOR_STORAGE = 0x196f8e0ed16ceff199a93509a7592e67ad57af4c42a66da8ebcaf67b69d81000;

    function _openGovernor() private pure returns (OpenGovernorStorage storage $) {
        assembly ("memory-safe") {
            $.slot := OPEN_GOVERNOR_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param power what counts as votes (VotingPower)
    /// @param timelock_ what executes; it must let only this governor propose, cancel and execute
    function initialize(
        address authority_,
        IVotes power,
        TimelockControllerUpgradeable timelock_,
        Settings calldata s
    ) external initializer {
        if (s.quorumBps == 0 || s.quorumBps > BPS) revert OpenGovernor_InvalidQuorum(s.quorumBps);
        __Governor_init(s.name);
        __GovernorSettings_init(s.votingDelay, s.votingPeriod, s.proposalThreshold);
        __GovernorVotes_init(power);
        __GovernorTimelockControl_init(timelock_);
        __AccessManaged_init(authority_);
        OpenGovernorStorage storage $ = _openGovernor();
        $.kind = s.kind;
        $.guardian = s.guardian;
        $.quorumBps = s.quorumBps;
        $.twoMajorities = s.twoMajorities;
    }

    /// @inheritdoc IOpenGovernor
    function veto(
        uint256 proposalId
    ) external {
        address caller = _msgSender();
        if (caller != _openGovernor().guardian) revert OpenGovernor_NotGuardian(caller);
        // r is read a second late, since votes cannot tell the present; it never falls once it is 1
        if (_power().maturity(clock() - 1) == TOTAL) revert OpenGovernor_VetoEnded();
        _validateStateBitmap(
            proposalId,
            _encodeStateBitmap(ProposalState.Pending) | _encodeStateBitmap(ProposalState.Active)
                | _encodeStateBitmap(ProposalState.Succeeded) | _encodeStateBitmap(ProposalState.Queued)
        );
        _openGovernor().vetoed[proposalId] = true;
        emit ProposalCanceled(proposalId);
        emit ProposalVetoed(proposalId, caller);
    }

    /// @inheritdoc IOpenGovernor
    function kind() external view returns (bytes32) {
        return _openGovernor().kind;
    }

    /// @inheritdoc IOpenGovernor
    function twoMajorities() external view returns (bool) {
        return _openGovernor().twoMajorities;
    }

    /// @inheritdoc IOpenGovernor
    function guardian() external view returns (address) {
        return _openGovernor().guardian;
    }

    /// @inheritdoc IOpenGovernor
    function proposalParts(
        uint256 proposalId
    ) external view returns (uint256[3] memory contribution, uint256[3] memory capital) {
        return _openGovernor().tallies[proposalId].inParts();
    }

    /// @notice The whole of both parts, as wallets and explorers know it from OpenZeppelin's simple counting.
    function proposalVotes(
        uint256 proposalId
    ) external view returns (uint256 againstVotes, uint256 forVotes, uint256 abstainVotes) {
        Tally storage tally = _openGovernor().tallies[proposalId];
        againstVotes = tally.total(ProposalTallies.AGAINST);
        forVotes = tally.total(ProposalTallies.FOR);
        abstainVotes = tally.total(ProposalTallies.ABSTAIN);
    }

    function hasVoted(
        uint256 proposalId,
        address account
    ) external view returns (bool) {
        return _openGovernor().tallies[proposalId].hasVoted[account];
    }

    // solhint-disable-next-line func-name-mixedcase
    function COUNTING_MODE() external pure returns (string memory) {
        return "support=bravo&quorum=for,abstain";
    }

    /// @notice Power (of 1e18) that must vote for or abstain.
    function quorum(
        uint256
    ) public view override returns (uint256) {
        return TOTAL * _openGovernor().quorumBps / BPS;
    }

    /// @dev A vetoed proposal can be neither queued nor executed; what it had queued in the timelock stays there for
    ///      ever, since the timelock lets only this governor execute.
    function state(
        uint256 proposalId
    ) public view override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) returns (ProposalState) {
        return _openGovernor().vetoed[proposalId] ? ProposalState.Canceled : super.state(proposalId);
    }

    function proposalNeedsQueuing(
        uint256 proposalId
    ) public view override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    function proposalThreshold()
        public
        view
        override(GovernorUpgradeable, GovernorSettingsUpgradeable)
        returns (uint256)
    {
        return super.proposalThreshold();
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256 proposalId) {
        proposalId = super._propose(targets, values, calldatas, description, proposer);
        uint256 voteStart = proposalSnapshot(proposalId);
        emit ProposalOpened(
            proposalId, proposer, _openGovernor().kind, voteStart, proposalDeadline(proposalId), quorum(voteStart)
        );
    }

    function _countVote(
        uint256 proposalId,
        address account,
        uint8 support,
        uint256 totalWeight,
        bytes memory
    ) internal override returns (uint256) {
        if (support > ProposalTallies.ABSTAIN) revert OpenGovernor_InvalidSupport(support);
        Tally storage tally = _openGovernor().tallies[proposalId];
        if (tally.hasVoted[account]) revert OpenGovernor_AlreadyVoted(account);
        tally.hasVoted[account] = true;
        (uint256 contribution, uint256 capital) = _power().partsOf(account, proposalSnapshot(proposalId));
        tally.add(support, contribution, capital);
        emit VoteParts(proposalId, account, support, contribution, capital);
        return totalWeight;
    }

    /// @dev Whoever relays a ballot can hold it back; the deadline that its params may carry ends that.
    function _validateExtendedVoteSig(
        uint256 proposalId,
        uint8 support,
        address voter,
        string memory reason,
        bytes memory params,
        bytes memory signature
    ) internal override returns (bool) {
        if (params.length > 0) {
            if (params.length != 32) revert OpenGovernor_InvalidBallotParams();
            uint256 deadline = abi.decode(params, (uint256));
            if (block.timestamp > deadline) revert OpenGovernor_BallotExpired(deadline);
        }
        return super._validateExtendedVoteSig(proposalId, support, voter, reason, params, signature);
    }

    function _quorumReached(
        uint256 proposalId
    ) internal view override returns (bool) {
        Tally storage tally = _openGovernor().tallies[proposalId];
        return
            tally.total(ProposalTallies.FOR) + tally.total(ProposalTallies.ABSTAIN)
                >= quorum(proposalSnapshot(proposalId));
    }

    function _voteSucceeded(
        uint256 proposalId
    ) internal view override returns (bool) {
        OpenGovernorStorage storage $ = _openGovernor();
        (bool hasContribution, bool hasCapital) = _power().sources(proposalSnapshot(proposalId));
        return $.tallies[proposalId].carried($.twoMajorities, hasContribution, hasCapital);
    }

    function _power() private view returns (IVotingPower) {
        return IVotingPower(address(token()));
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor()
        internal
        view
        override(GovernorUpgradeable, GovernorTimelockControlUpgradeable)
        returns (address)
    {
        return super._executor();
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
