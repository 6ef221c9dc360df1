// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Voting power of 1e18 in all: contribution has 80 % · r, capital the rest; r = min(1, weight / floor).
/// @dev Besides this: IVotes (delegation happens at the two sources) and ERC-6372 with a timestamp clock.
interface IVotingPower {
    /// @notice Delegate at the OPEN token or at the contribution votes.
    error VotingPower_DelegateAtSource();
    error VotingPower_ZeroFloor();
    /// @notice Once r has reached 1 the floor is fixed, so that capital never again exceeds its 20 %.
    error VotingPower_Matured();
    /// @notice One decision moves the floor to half or to the double at most.
    error VotingPower_FloorOutOfRange(uint256 floor, uint256 least, uint256 most);
    /// @notice Both sources must count time in seconds.
    error VotingPower_WrongClock(address source);

    event FloorSet(uint256 floor, address actor);

    /// @notice Sets the weight at which contribution has its full 80 %, while it has not, within `floorRange`.
    ///         Only the timelock of the parameters.
    function setFloor(
        uint208 floor
    ) external;

    /// @return the weight of votes at which r is 1
    function floor() external view returns (uint256);

    /// @return least half of the floor as it stood a second ago, so that calls of one decision do not add up
    /// @return most double of it
    function floorRange() external view returns (uint256 least, uint256 most);

    /// @return contribution part and capital part of the account's power at `timepoint`, of 1e18 together
    function partsOf(
        address account,
        uint256 timepoint
    ) external view returns (uint256 contribution, uint256 capital);

    /// @return contribution whether earned votes have any delegated supply at `timepoint`
    /// @return capital whether OPEN has
    function sources(
        uint256 timepoint
    ) external view returns (bool contribution, bool capital);

    /// @return r in 1e18: how far contribution has grown into its 80 % at `timepoint`
    function maturity(
        uint256 timepoint
    ) external view returns (uint256);
}
