// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The backers' share of one proposed model: the account that its terms name, and the transferable claims on it.
/// @dev One unit for each wei that was backed with. What comes beyond the cap is the model owner's.
interface IBackerShares is IERC20 {
    error BackerShares_NotProposals(address caller);

    event SharesStarted(uint32 indexed modelId, uint96 units, uint96 cap);
    /// @notice Money that came is divided: by units until the cap is reached, the rest is the owner's.
    event SharesAccrued(uint32 indexed modelId, uint96 toBackers, uint96 toOwner);
    event SharesClaimed(uint32 indexed modelId, address indexed account, uint96 amount, address actor);
    event OwnerPaid(uint32 indexed modelId, address indexed owner, uint96 amount, address actor);

    /// @notice Names the model. Once, by the proposals' contract.
    function initialize(
        uint32 modelId,
        string calldata name,
        string calldata symbol
    ) external;

    /// @notice Begins to divide. Once, by the proposals' contract, when the model has passed.
    /// @param units wei that backed the model; so many will be minted
    /// @param cap wei that backers get at most
    function start(
        uint96 units,
        uint96 cap
    ) external;

    /// @notice Gives a backer its units, with what they have earned since the start. Only the proposals' contract.
    function mint(
        address backer,
        uint96 units
    ) external;

    /// @notice Pays out what the account's units have earned, to it. Anyone.
    function claim(
        address account
    ) external returns (uint96 amount);

    /// @notice Pays out what came beyond the cap, to whoever owns the model now. Anyone.
    function payOwner() external returns (uint96 amount);

    function claimable(
        address account
    ) external view returns (uint96);
    /// @return units wei that backed the model, 0 until it has passed
    /// @return cap wei that backers get at most
    /// @return divided wei that backers have got or may claim
    function progress() external view returns (uint96 units, uint96 cap, uint96 divided);
    /// @return whether backers have all that they ever get, so that the owner may set terms without them
    function paidInFull() external view returns (bool);
    function modelId() external view returns (uint32);
}
