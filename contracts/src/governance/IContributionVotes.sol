// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Non-transferable votes earned by contributing value; earners delegate to themselves by default.
/// @dev Besides this: IVotes and ERC-6372 with a timestamp clock.
interface IContributionVotes {
    error ContributionVotes_ZeroWeight();

    event VotesMinted(address indexed account, uint256 weight, uint256 total);

    /// @notice Mints earned weight. Only the reward pool.
    function mint(
        address account,
        uint256 weight
    ) external;

    function votingUnits(
        address account
    ) external view returns (uint256);
}
