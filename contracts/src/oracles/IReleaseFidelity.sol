// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice How well a release's attribution was measured to hold (docs/calibration.md): whoever wants to know pays the
///         operator that trained it, which trains it again on halves of its records and states the number.
interface IReleaseFidelity {
    /// @dev A correlation in bps with its 95 % interval, and what it follows from.
    struct Fidelity {
        int16 ldsBps;
        int16 lowBps;
        int16 highBps;
        uint16 runs;
        uint64 attestedAt; // Unix seconds; 0: never
        bytes32 dataHash;
    }

    /// @dev A wish with its price in escrow.
    struct Request {
        address requester; // 0: no request
        uint96 price; // wei
        uint64 deliverBy; // Unix seconds
        uint16 runs; // at least
    }

    event CalibrationRequested(
        bytes32 indexed releaseHash,
        address indexed operator,
        address indexed requester,
        uint16 runs,
        uint96 price,
        uint64 deliverBy
    );
    event CalibrationRefunded(bytes32 indexed releaseHash, address indexed requester, uint96 price, address actor);
    /// @param dataHash keccak256 of the file that the number follows from
    /// @param paid to the operator, in wei
    event FidelityAttested(
        bytes32 indexed releaseHash,
        address indexed operator,
        int16 ldsBps,
        int16 lowBps,
        int16 highBps,
        uint16 runs,
        bytes32 dataHash,
        string dataCid,
        uint96 paid
    );

    error ReleaseFidelity_NotTrainedHere(bytes32 releaseHash);
    error ReleaseFidelity_NotOperator(bytes32 releaseHash, address caller);
    error ReleaseFidelity_OperatorInactive(address operator);
    error ReleaseFidelity_InvalidRuns(uint16 runs);
    /// @notice A number is replaced by one from more runs only, so that nobody measures until it pleases him.
    error ReleaseFidelity_NotMoreRuns(uint16 runs, uint16 known);
    error ReleaseFidelity_InvalidInterval(int16 lowBps, int16 ldsBps, int16 highBps);
    error ReleaseFidelity_NoData(bytes32 dataHash, string dataCid);
    error ReleaseFidelity_NoPrice();
    error ReleaseFidelity_InvalidDeadline(uint64 deliverBy);
    /// @notice Only a higher price for no more runs in no less time takes the place of a request.
    error ReleaseFidelity_RequestedBefore(bytes32 releaseHash, uint64 deliverBy);
    error ReleaseFidelity_NoRequest(bytes32 releaseHash);
    error ReleaseFidelity_TooEarly(bytes32 releaseHash, uint64 deliverBy);

    /// @notice Asks the operator that trained the release to measure it, with the price in escrow. One request at a time,
    ///         the best for the operator; the replaced one is paid back. The operator answers what pays as much as it asks
    ///         (its gateway says how much), or lets it run out.
    /// @param runs at least so many, even, more than the number that is known rests on
    /// @param deliverBy Unix seconds, at most MAX_WAIT from now; afterwards anyone refunds
    function request(
        bytes32 releaseHash,
        uint16 runs,
        uint96 price,
        uint64 deliverBy
    ) external;

    /// @notice States the number. Only the operator that attested the release's training, asked or not; pays the price
    ///         of a request that it fulfils in time.
    function attest(
        bytes32 releaseHash,
        int16 ldsBps,
        int16 lowBps,
        int16 highBps,
        uint16 runs,
        bytes32 dataHash,
        string calldata dataCid
    ) external;

    /// @notice Gives the price of a request back that was not fulfilled in time. Anyone.
    function refund(
        bytes32 releaseHash
    ) external;

    /// @notice All zero for a release that was never measured.
    function fidelityOf(
        bytes32 releaseHash
    ) external view returns (Fidelity memory);
    function requestOf(
        bytes32 releaseHash
    ) external view returns (Request memory);
}
