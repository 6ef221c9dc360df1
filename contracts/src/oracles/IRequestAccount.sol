// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The payer of one answered request: holds its channel with the operator, and gives what comes back from it to
///         the requester and to nobody else. All it knows is fixed when it is made.
interface IRequestAccount {
    error RequestAccount_NothingToReclaim(uint96 balance);

    /// @notice Authorises the operator's signer for this account's channel. Anyone; it can only say the same again.
    function open() external;

    /// @notice Brings money that lies in the escrow on its way to the requester: starts the thaw of all there is, and
    ///         once that has passed pays it out. Anyone. Money comes back here when the answer's batch is made void, and
    ///         stays here when the operator never settles it.
    /// @return paid wei that the requester got by this call
    function reclaim() external returns (uint256 paid);

    function requester() external view returns (address);
    function operator() external view returns (address);
    /// @return who signs the voucher of the channel
    function signer() external view returns (address);
    /// @return wei that the channel may ever collect
    function cap() external view returns (uint96);
    /// @return Unix time of the session's end
    function expiry() external view returns (uint32);
}
