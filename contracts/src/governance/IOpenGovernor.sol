// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice One governor per kind of decision. Besides this: OpenZeppelin's IGovernor.
/// @dev Votes are counted in both parts; a proposal passes with a majority of the whole and, where `twoMajorities`,
///      of each part that has any delegated supply.
interface IOpenGovernor {
    error OpenGovernor_NotGuardian(address caller);
    error OpenGovernor_VetoEnded();
    error OpenGovernor_AlreadyVoted(address voter);
    error OpenGovernor_InvalidSupport(uint8 support);
    error OpenGovernor_InvalidQuorum(uint256 quorumBps);
    /// @notice A ballot given by signature may carry a deadline (Unix seconds) as its params, 32 bytes.
    error OpenGovernor_BallotExpired(uint256 deadline);
    error OpenGovernor_InvalidBallotParams();

    /// @notice Flat companion of Governor's ProposalCreated for indexers.
    event ProposalOpened(
        uint256 indexed proposalId,
        address indexed proposer,
        bytes32 indexed kind,
        uint256 voteStart,
        uint256 voteEnd,
        uint256 quorum
    );
    /// @notice Power of a vote in its two parts, beside Governor's VoteCast.
    event VoteParts(
        uint256 indexed proposalId, address indexed voter, uint8 support, uint256 contribution, uint256 capital
    );
    event ProposalVetoed(uint256 indexed proposalId, address indexed guardian);

    function kind() external view returns (bytes32);
    function twoMajorities() external view returns (bool);
    function guardian() external view returns (address);

    /// @notice Cancels a proposal. Only the guardian, and only while contribution has not matured (r < 1).
    function veto(
        uint256 proposalId
    ) external;

    function proposalParts(
        uint256 proposalId
    ) external view returns (uint256[3] memory contribution, uint256[3] memory capital); // against, for, abstain
}
