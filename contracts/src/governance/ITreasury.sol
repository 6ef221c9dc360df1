// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The protocol's OPEN; pays only what its timelock executes, at once or as a stream that vests by the second.
/// @dev Categories are names of up to 32 bytes, as decisions give them; 0 is what has none.
interface ITreasury {
    /// @dev `total` of a stream that was ended is what had vested by then. One recipient for its whole life.
    struct Stream {
        address recipient;
        uint96 total; // wei
        uint96 withdrawn; // wei
        uint48 start; // Unix seconds
        uint48 duration; // seconds
        uint48 endedAt; // Unix seconds; 0 unless a decision ended it
    }

    /// @dev Periods are counted from the start of Unix time, so a change of the cap starts no new one.
    struct Budget {
        uint96 cap; // wei a period
        uint96 used; // wei, in the period below
        uint32 period; // seconds; 0: no budget, and no limit
        uint32 index; // of the period that `used` belongs to
    }

    error Treasury_NoRecipient();
    error Treasury_NotFree(uint256 asked, uint256 free);
    error Treasury_OverBudget(bytes32 category, uint256 asked, uint256 left);
    error Treasury_InvalidStream();
    error Treasury_NoSuchStream(uint32 id);
    error Treasury_NothingVested(uint32 id);
    error Treasury_StreamOver(uint32 id);

    event Spent(address indexed to, bytes32 indexed category, uint256 amount, string purpose);
    event StreamOpened(
        uint32 indexed id,
        address indexed recipient,
        bytes32 indexed category,
        uint96 total,
        uint48 start,
        uint48 duration,
        string purpose
    );
    event StreamWithdrawn(uint32 indexed id, uint96 amount);
    event StreamEnded(uint32 indexed id, uint96 vested, uint96 returned);
    event BudgetSet(bytes32 indexed category, uint96 cap, uint32 period);

    /// @notice Pays OPEN in no category. Only the treasury timelock.
    function spend(
        address to,
        uint256 amount,
        string calldata purpose
    ) external;

    /// @notice Pays OPEN in a category, within its budget. Only the treasury timelock.
    function spendOn(
        bytes32 category,
        address to,
        uint256 amount,
        string calldata purpose
    ) external;

    /// @notice Sets OPEN aside for an account, to which it vests evenly. Only the treasury timelock.
    /// @param start Unix seconds; 0 for when this is executed, which a proposal cannot know
    /// @param duration seconds
    function openStream(
        bytes32 category,
        address recipient,
        uint96 total,
        uint48 start,
        uint48 duration,
        string calldata purpose
    ) external returns (uint32 id);

    /// @notice Returns to the treasury what has not vested; what has stays the recipient's. Only the treasury timelock.
    function endStream(
        uint32 id
    ) external;

    /// @notice Limits what is promised in a category in each period; a period of 0 takes the limit away. Only the treasury
    ///         timelock. What the running period has used stays used unless the period's length changes.
    function setBudget(
        bytes32 category,
        uint96 cap,
        uint32 period
    ) external;

    /// @notice Pays the recipient what has vested and was not paid. Anybody may call it.
    function withdraw(
        uint32 id
    ) external returns (uint96 amount);

    /// @return wei vested until now, paid or not
    function vestedOf(
        uint32 id
    ) external view returns (uint96);

    function streamOf(
        uint32 id
    ) external view returns (Stream memory);

    /// @notice Ids are 1 to this.
    function streamCount() external view returns (uint32);

    /// @return with `used` as of now
    function budgetOf(
        bytes32 category
    ) external view returns (Budget memory);

    /// @return wei that streams are still owed, vested or not
    function promised() external view returns (uint256);

    /// @return wei that a decision can still give away
    function free() external view returns (uint256);
}
