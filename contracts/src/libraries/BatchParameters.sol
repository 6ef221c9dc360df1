// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Reads the parameters that a batch froze from the text that its parametersHash is taken over: RFC 8785 JSON of
///         {reputation, channelWeights, poolSizes, contributorCapBps, burnBps, fidelity, fidelityFloorBps} (docs/wire.md). There is one way to write
///         them; whatever is written otherwise is not sound.
library BatchParameters {
    uint256 internal constant WHOLE = 10_000;
    uint256 internal constant LEAST_REPUTATION = 5_000;

    /// @dev A datanet's pool: gets what no record explains, in proportion to `size` (accepted records).
    struct Pool {
        uint32 datanetId;
        address account;
        uint32 size;
    }

    struct Frozen {
        uint256 burnBps;
        uint256 influenceBps;
        uint256 retrievalBps;
        uint256 verbatimBps;
        uint256 contributorCapBps;
        uint256 fidelityBps; // of the release asked for; 0 when the text does not name it
        uint256 fidelityFloorBps;
        Pool[] pools;
        uint256[] reputations; // of the accounts asked for, in bps
    }

    /// @dev How far the text has been read. Once it is not sound, nothing after it counts.
    struct Cursor {
        uint256 at;
        bool sound;
    }

    /// @param release whose fidelity is wanted
    /// @param accounts whose reputations are wanted; those that the text does not name have the whole
    /// @param mostPools more of them are not sound
    function read(
        bytes calldata json,
        bytes32 release,
        address[] memory accounts,
        uint256 mostPools
    ) internal pure returns (bool sound, Frozen memory frozen) {
        Cursor memory c = Cursor(0, true);
        _expect(json, c, '{"burnBps":');
        frozen.burnBps = _number(json, c, 0, WHOLE);
        _expect(json, c, ',"channelWeights":{"influence":');
        frozen.influenceBps = _number(json, c, 0, WHOLE);
        _expect(json, c, ',"retrieval":');
        frozen.retrievalBps = _number(json, c, 0, WHOLE);
        _expect(json, c, ',"verbatim":');
        frozen.verbatimBps = _number(json, c, 0, WHOLE);
        _expect(json, c, '},"contributorCapBps":');
        frozen.contributorCapBps = _number(json, c, 0, WHOLE);
        _expect(json, c, ',"fidelity":{');
        frozen.fidelityBps = _fidelity(json, c, release);
        _expect(json, c, '},"fidelityFloorBps":');
        frozen.fidelityFloorBps = _number(json, c, 0, WHOLE);
        _expect(json, c, ',"poolSizes":[');
        frozen.pools = _pools(json, c, mostPools);
        _expect(json, c, '],"reputation":{');
        frozen.reputations = _reputations(json, c, accounts);
        _expect(json, c, "}}");
        sound = c.sound && c.at == json.length;
    }

    function _fidelity(
        bytes calldata json,
        Cursor memory c,
        bytes32 release
    ) private pure returns (uint256 fidelity) {
        if (_next(json, c, "}")) return 0;
        do {
            _expect(json, c, '"0x');
            bool meant = bytes32(_hex(json, c, 64)) == release;
            _expect(json, c, '":');
            uint256 bps = _number(json, c, 0, WHOLE);
            if (meant) fidelity = bps;
        } while (_take(json, c, ","));
    }

    function _pools(
        bytes calldata json,
        Cursor memory c,
        uint256 most
    ) private pure returns (Pool[] memory pools) {
        pools = new Pool[](most);
        uint256 count;
        if (!_next(json, c, "]")) {
            do {
                if (count == most) c.sound = false;
                if (!c.sound) break;
                Pool memory pool = pools[count++];
                _expect(json, c, '{"datanetId":');
                pool.datanetId = uint32(_number(json, c, 0, type(uint32).max));
                _expect(json, c, ',"pool":"0x');
                pool.account = address(uint160(_hex(json, c, 40)));
                _expect(json, c, '","size":');
                pool.size = uint32(_number(json, c, 0, type(uint32).max));
                _expect(json, c, "}");
            } while (_take(json, c, ","));
        }
        assembly ("memory-safe") {
            mstore(pools, count) // never more than it was made for
        }
    }

    function _reputations(
        bytes calldata json,
        Cursor memory c,
        address[] memory accounts
    ) private pure returns (uint256[] memory reputations) {
        reputations = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            reputations[i] = WHOLE;
        }
        if (_next(json, c, "}")) return reputations;
        do {
            _expect(json, c, '"0x');
            address account = address(uint160(_hex(json, c, 40)));
            _expect(json, c, '":');
            uint256 bps = _number(json, c, LEAST_REPUTATION, WHOLE);
            for (uint256 i = 0; i < accounts.length; ++i) {
                if (accounts[i] == account) reputations[i] = bps;
            }
        } while (_take(json, c, ","));
    }

    function _expect(
        bytes calldata json,
        Cursor memory c,
        bytes memory text
    ) private pure {
        uint256 end = c.at + text.length;
        if (!c.sound || end > json.length || keccak256(json[c.at:end]) != keccak256(text)) {
            c.sound = false;
            return;
        }
        c.at = end;
    }

    /// @dev Whether that character comes next.
    function _next(
        bytes calldata json,
        Cursor memory c,
        bytes1 character
    ) private pure returns (bool) {
        return c.sound && c.at < json.length && json[c.at] == character;
    }

    /// @dev Takes that character if it comes next.
    function _take(
        bytes calldata json,
        Cursor memory c,
        bytes1 character
    ) private pure returns (bool taken) {
        taken = _next(json, c, character);
        if (taken) ++c.at;
    }

    /// @dev A whole number as RFC 8785 writes it: decimal digits, no zero before others.
    function _number(
        bytes calldata json,
        Cursor memory c,
        uint256 least,
        uint256 most
    ) private pure returns (uint256 value) {
        uint256 from = c.at;
        uint256 at = from;
        while (at < json.length && value <= most) {
            uint256 code = uint8(json[at]);
            if (code < 0x30 || code > 0x39) break;
            value = value * 10 + code - 0x30;
            ++at;
        }
        bool padded = at > from + 1 && json[from] == "0";
        if (at == from || padded || value < least || value > most) c.sound = false;
        c.at = at;
    }

    /// @dev So many hex digits of either case: addresses may carry a checksum.
    function _hex(
        bytes calldata json,
        Cursor memory c,
        uint256 digits
    ) private pure returns (uint256 value) {
        uint256 end = c.at + digits;
        if (!c.sound || end > json.length) {
            c.sound = false;
            return 0;
        }
        for (uint256 at = c.at; at < end; ++at) {
            uint256 code = uint8(json[at]);
            unchecked {
                // What is no digit of either kind wraps around or comes out beyond 15.
                uint256 digit = code - 0x30;
                if (digit > 9) {
                    digit = (code | 0x20) - 0x57; // a letter, made small
                    if (digit < 10) digit = 16;
                }
                if (digit > 15) c.sound = false;
                value = value << 4 | (digit & 15);
            }
        }
        c.at = end;
    }
}
