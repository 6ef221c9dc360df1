// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Terms} from "../types/Release.sol";

/// @notice Agents: versions of a manifest on IPFS behind a model of their own, and the stake they answer with.
/// @dev Who owns an agent's model (ERC-721) owns the agent: what its steps earn, its stake, and the right to change it.
interface IAgentRegistry {
    enum AgentState {
        None,
        Paused,
        Active,
        Retired
    }

    struct Agent {
        uint32 modelId;
        uint32 version; // of the latest manifest, from 1
        AgentState state;
        uint96 stake; // wei, without `unbonding`
        uint96 unbonding; // wei, still slashable
        uint64 unbondsAt; // Unix seconds, 0 if nothing is unbonding
        bytes32 manifestHash;
        string manifestCid;
    }

    event AgentCreated(uint32 indexed agentId, uint32 indexed modelId, address indexed creator, string name);
    event AgentUpdated(
        uint32 indexed agentId,
        uint32 indexed version,
        bytes32 indexed releaseHash,
        bytes32 manifestHash,
        string manifestCid,
        address actor
    );
    event AgentStaked(uint32 indexed agentId, address indexed actor, uint96 amount, uint96 stake);
    event AgentActivated(uint32 indexed agentId, address indexed actor);
    /// @param actor the owner, or whoever took so much of the stake that too little is left
    event AgentPaused(uint32 indexed agentId, address indexed actor);
    event AgentUnstaked(
        uint32 indexed agentId, address indexed actor, uint96 amount, uint96 stake, uint96 unbonding, uint64 unbondsAt
    );
    event AgentWithdrawn(uint32 indexed agentId, address indexed actor, uint96 amount, uint96 stake);
    event AgentRetired(uint32 indexed agentId, address indexed actor);
    /// @param amount wei that were taken and burned
    event AgentSlashed(
        uint32 indexed agentId, address indexed actor, uint96 amount, uint96 stake, uint96 unbonding, string reason
    );

    error AgentRegistry_UnknownAgent(uint32 agentId);
    error AgentRegistry_UnknownVersion(uint32 agentId, uint32 version);
    error AgentRegistry_NotOwner(uint32 agentId, address caller);
    /// @notice The agent's state does not allow this.
    error AgentRegistry_InvalidState(uint32 agentId, AgentState state);
    error AgentRegistry_EmptyManifest();
    /// @notice An agent's terms split all between operator and developer, and have a price per step and no other.
    error AgentRegistry_InvalidTerms();
    error AgentRegistry_ZeroAmount();
    error AgentRegistry_BelowMinimum(uint96 stake, uint96 minimum);
    error AgentRegistry_BeyondStake(uint96 amount, uint96 stake);
    error AgentRegistry_NothingUnbonding(uint32 agentId);
    error AgentRegistry_StillUnbonding(uint64 unbondsAt);

    /// @notice Creates an agent, paused, with the first version of its manifest; its model is the caller's.
    /// @param manifestCid the manifest on IPFS
    /// @param manifestHash keccak256 of the manifest's RFC 8785 JSON in UTF-8 (docs/wire.md)
    /// @param terms price per step, and its split between operator and developer
    function create(
        string calldata name,
        string calldata manifestCid,
        bytes32 manifestHash,
        Terms calldata terms
    ) external returns (uint32 agentId);

    /// @notice Adds a version of the manifest. Only the owner, until the agent is retired. Receipts name the version they
    ///         ran; earlier ones stay readable.
    function update(
        uint32 agentId,
        string calldata manifestCid,
        bytes32 manifestHash
    ) external returns (uint32 version);

    /// @notice Adds the caller's OPEN to the agent's stake. It comes back to whoever owns the agent then.
    function addStake(
        uint32 agentId,
        uint96 amount
    ) external;

    /// @notice Opens the agent to callers. Only the owner; needs the minimum stake.
    function activate(
        uint32 agentId
    ) external;

    /// @notice Closes the agent to callers. Only the owner.
    function pause(
        uint32 agentId
    ) external;

    /// @notice Closes the agent for ever and starts the unbonding of all its stake. The owner, or a decision about agents.
    function retire(
        uint32 agentId
    ) external;

    /// @notice Starts the unbonding of `amount`, and of what is unbonding already anew. All of it can be slashed until it
    ///         is withdrawn. Pauses the agent if too little is left. Only the owner.
    function unstake(
        uint32 agentId,
        uint96 amount
    ) external;

    /// @notice Pays what has unbonded to the owner, who alone can ask for it.
    function withdraw(
        uint32 agentId
    ) external;

    /// @notice Takes stake and burns it, from what is unbonding too; takes what is there when that is less than `amount`.
    ///         Pauses the agent if too little is left. Only a decision about agents.
    function slash(
        uint32 agentId,
        uint96 amount,
        string calldata reason
    ) external returns (uint96 slashed);

    /// @return state None if there is no such agent
    function agent(
        uint32 agentId
    ) external view returns (Agent memory);
    function agentCount() external view returns (uint32);
    /// @return agentId 0 if the model is no agent's
    function agentOfModel(
        uint32 modelId
    ) external view returns (uint32 agentId);
    function manifestAt(
        uint32 agentId,
        uint32 version
    ) external view returns (bytes32 manifestHash, string memory manifestCid, bytes32 releaseHash);
    /// @return wei that an active agent has staked at least
    function minimumStake() external view returns (uint96);
    /// @return seconds between starting to unbond and withdrawing
    function cooldown() external view returns (uint64);
}
