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

    function register(address signer, string calldata endpoint, string calldata metadataCid, uint96 stake) external;
    function update(address signer, string calldata endpoint, string calldata metadataCid) external;
    function addStake(address operator, uint96 amount) external;
    /// @notice Starts the unbonding of `amount` (still slashable until withdrawn); replaces an earlier one.
    function unbond(uint96 amount) external;
    function withdraw() external;

    /// @notice Requires stake for `pendingValue` (twice as much) and records the lock. Only the settlement.
    function setLock(address operator, uint96 pendingValue) external;

    function operator(address account) external view returns (Operator memory);
    function isActive(address account) external view returns (bool);
    function signerOf(address account) external view returns (address);
    function minimumStake() external view returns (uint96);
}
