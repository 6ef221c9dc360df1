// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {
    ERC20VotesUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20VotesUpgradeable.sol";
import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";
import {VotesUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/utils/VotesUpgradeable.sol";
import {NoncesUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/NoncesUpgradeable.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {DelegatedVotes} from "../governance/DelegatedVotes.sol";
import {IOpenToken} from "./IOpenToken.sol";
import {IOptimismMintableERC20} from "./IOptimismMintableERC20.sol";

/// @title OPEN on the L2
/// @dev Authorised transfers (ERC-3009) are what x402's `exact` scheme pays with. Their nonces are of the payer's choice
///      and independent of those of permits and delegations. What each moved is remembered, so that `Prepayments` can tell
///      a payment that anyone sent from one that was cancelled.
contract OpenToken is
    ERC20Upgradeable,
    ERC20PermitUpgradeable,
    ERC20VotesUpgradeable,
    ERC3009Upgradeable,
    DelegatedVotes,
    AccessManagedUpgradeable,
    UUPSUpgradeable,
    IOpenToken,
    IOptimismMintableERC20,
    IERC7802
{
    /// @dev All that was ever made on L1, in wei.
    uint256 public constant MAX_SUPPLY = 1_000_000_000e18;

    /// @dev One slot: the supply stays below 96 bits.
    struct AuthorizedTransfer {
        address to;
        uint96 value;
    }

    /// @custom:storage-location erc7201:openledger.storage.OpenToken
    struct OpenTokenStorage {
        address bridge;
        address remoteToken;
        mapping(address from => mapping(bytes32 nonce => AuthorizedTransfer)) authorizedTransfers;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.OpenToken")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant OPEN_TOKEN_STORAGE = 0x64b50dccda9987288e07fb963d5c8d5405fcb330b22cc2210bb1c00a39c67000;

    function _openToken() private pure returns (OpenTokenStorage storage $) {
        assembly ("memory-safe") {
            $.slot := OPEN_TOKEN_STORAGE
        }
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param bridge_ the chain's standard bridge, named for wallets; what may mint is the authority's matter
    /// @param remoteToken_ OPEN on L1
    function initialize(
        address authority_,
        address bridge_,
        address remoteToken_
    ) external initializer {
        __ERC20_init("OpenLedger", "OPEN");
        __ERC20Permit_init("OpenLedger");
        __ERC20Votes_init();
        __AccessManaged_init(authority_);
        OpenTokenStorage storage $ = _openToken();
        $.bridge = bridge_;
        $.remoteToken = remoteToken_;
    }

    /// @inheritdoc IOpenToken
    function mint(
        address to,
        uint256 amount
    ) external override(IOpenToken, IOptimismMintableERC20) restricted {
        _mint(to, amount);
        emit BridgeMinted(to, amount);
    }

    /// @inheritdoc IOpenToken
    function burn(
        address from,
        uint256 amount
    ) external override(IOpenToken, IOptimismMintableERC20) restricted {
        _burn(from, amount);
        emit BridgeBurned(from, amount);
    }

    /// @inheritdoc IOpenToken
    function burn(
        uint256 amount
    ) external {
        _burn(_msgSender(), amount);
    }

    /// @inheritdoc IERC7802
    function crosschainMint(
        address to,
        uint256 amount
    ) external restricted {
        _mint(to, amount);
        emit CrosschainMint(to, amount, _msgSender());
    }

    /// @inheritdoc IERC7802
    function crosschainBurn(
        address from,
        uint256 amount
    ) external restricted {
        _burn(from, amount);
        emit CrosschainBurn(from, amount, _msgSender());
    }

    function bridge() external view returns (address) {
        return _openToken().bridge;
    }

    function remoteToken() external view returns (address) {
        return _openToken().remoteToken;
    }

    /// @inheritdoc IOpenToken
    function authorizedTransfer(
        address from,
        bytes32 nonce
    ) external view returns (address to, uint96 value) {
        AuthorizedTransfer storage moved = _openToken().authorizedTransfers[from][nonce];
        return (moved.to, moved.value);
    }

    /// @inheritdoc IERC165
    function supportsInterface(
        bytes4 interfaceId
    ) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC7802).interfaceId
            || interfaceId == type(IOptimismMintableERC20).interfaceId;
    }

    function clock() public view override(VotesUpgradeable, DelegatedVotes) returns (uint48) {
        return DelegatedVotes.clock();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override(VotesUpgradeable, DelegatedVotes) returns (string memory) {
        return DelegatedVotes.CLOCK_MODE();
    }

    function nonces(
        address owner
    ) public view override(ERC20PermitUpgradeable, NoncesUpgradeable) returns (uint256) {
        return super.nonces(owner);
    }

    function _maxSupply() internal pure override returns (uint256) {
        return MAX_SUPPLY;
    }

    function _transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal override {
        super._transferWithAuthorization(from, to, value, validAfter, validBefore, nonce);
        _openToken().authorizedTransfers[from][nonce] = AuthorizedTransfer(to, uint96(value)); // no more than the supply
    }

    function _update(
        address from,
        address to,
        uint256 amount
    ) internal override(ERC20Upgradeable, ERC20VotesUpgradeable) {
        super._update(from, to, amount);
    }

    function _moveDelegateVotes(
        address from,
        address to,
        uint256 amount
    ) internal override(VotesUpgradeable, DelegatedVotes) {
        super._moveDelegateVotes(from, to, amount);
    }

    function _authorizeUpgrade(
        address
    ) internal override restricted {}
}
