// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Staked operators: stake, signer, endpoint, unbonding; stake is locked behind pending batches.
interface IOperatorRegistry {
    struct Operator {
        address signer;
        uint96 stake;
        uint96 unbonding;
        uint64 unbondedAt;
        uint96 locked; // must stay covered by stake + unbonding
        bool active;
    }

    event OperatorRegistered(address indexed operator, address signer, string endpoint, string metadataCid);
    event OperatorUpdated(address indexed operator, address signer, string endpoint, string metadataCid);
    event Staked(address indexed operator, address indexed actor, uint96 amount, uint96 stake);
    event UnbondingStarted(address indexed operator, uint96 amount, uint64 unbondedAt);
    event Unbonded(address indexed operator, uint96 amount, uint96 stake);
    /// @param reward part of `amount` that the challenger got; the rest is burned. All of it where the challenger is the
    ///        Jury, which pays and burns from it
    event Slashed(
        address indexed operator,
        address indexed challenger,
        uint96 amount,
        uint96 reward,
        uint96 stake,
        uint96 unbonding
    );

    error OperatorRegistry_NotSettlement(address caller);
    error OperatorRegistry_NotJury(address caller);
    error OperatorRegistry_ZeroAddress();
    error OperatorRegistry_ZeroAmount();
    error OperatorRegistry_AlreadyRegistered(address operator);
    error OperatorRegistry_NotRegistered(address operator);
    error OperatorRegistry_SignerTaken(address signer, address operator);
    error OperatorRegistry_BelowMinimum(uint96 stake, uint96 minimum);
    error OperatorRegistry_BeyondStake(uint96 amount, uint96 stake);
    error OperatorRegistry_NothingUnbonding(address operator);
    error OperatorRegistry_StillUnbonding(uint64 unbondedAt);
    error OperatorRegistry_StakeLocked(uint96 locked, uint96 stake);

    /// @notice Registers the caller with stake. A signer serves one operator only, for ever: what it signed stays provable.
    function register(
        address signer,
        string calldata endpoint,
        string calldata metadataCid,
        uint96 stake
    ) external;
    /// @notice Changes signer, endpoint or metadata.
    function update(
        address signer,
        string calldata endpoint,
        string calldata metadataCid
    ) external;
    /// @notice Adds the caller's OPEN to an operator's stake.
    function addStake(
        address operator,
        uint96 amount
    ) external;
    /// @notice Starts the unbonding of `amount` (still slashable until withdrawn); replaces an earlier one.
    function unbond(
        uint96 amount
    ) external;
    /// @notice Pays out what has unbonded, as far as nothing is locked behind it.
    function withdraw() external;

    /// @notice Requires stake for `pendingValue` (twice as much) and records the lock. Only the settlement.
    function setLock(
        address operator,
        uint96 pendingValue
    ) external;

    /// @notice Takes stake from an operator that was proven wrong, from what is unbonding too: a part to the challenger,
    ///         the rest is burned. Takes what is there when that is less than `amount`. Only the settlement.
    function slash(
        address operator,
        uint96 amount,
        address challenger
    ) external returns (uint96 slashed);

    /// @notice Gives stake of an operator that was found guilty to the jury, from what is unbonding too. Takes what is
    ///         there when that is less than `amount`. Only the jury.
    function seize(
        address operator,
        uint96 amount
    ) external returns (uint96 seized);

    function operator(
        address account
    ) external view returns (Operator memory);
    /// @return whether the account is registered and what it has bonded reaches the minimum stake
    function isActive(
        address account
    ) external view returns (bool);
    function signerOf(
        address account
    ) external view returns (address);
    /// @return the operator that `signer` signs, or ever signed, for
    function operatorOf(
        address signer
    ) external view returns (address);
    /// @return stake locked per wei of pending value
    function LOCK_FACTOR() external view returns (uint96);
    /// @return the challenger's part of a slash, in basis points
    function CHALLENGER_BPS() external view returns (uint16);
    function minimumStake() external view returns (uint96);
    /// @return seconds between starting to unbond and withdrawing
    function unbondingPeriod() external view returns (uint64);
}
