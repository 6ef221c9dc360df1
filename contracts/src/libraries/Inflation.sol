// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a vote's weight is worth by day: it doubles every 365 days, so that older votes halve beside newer ones.
/// @dev The integer routine of docs/allocation.md, bit for bit the same as sdk/src/allocation/inflation.ts.
library Inflation {
    uint256 internal constant HALF_LIFE_DAYS = 365;

    /// @param day day index of a batch
    /// @return about 2^(day / 365) · 2³²
    function exp2(
        uint32 day
    ) internal pure returns (uint256) {
        unchecked {
            uint256 x = ((day % HALF_LIFE_DAYS) << 64) / HALF_LIFE_DAYS; // fraction of a doubling, 64 bits
            uint256 y = 1 << 64;
            // Factor i is floor(2^(2^−i) · 2⁶⁴). No overflow: y stays below 2⁶⁵.
            if (x & 0x8000000000000000 != 0) y = (y * 26087635650665564424) >> 64;
            if (x & 0x4000000000000000 != 0) y = (y * 21936999301089678046) >> 64;
            if (x & 0x2000000000000000 != 0) y = (y * 20116317054877281741) >> 64;
            if (x & 0x1000000000000000 != 0) y = (y * 19263451207323153961) >> 64;
            if (x & 0x800000000000000 != 0) y = (y * 18850675170876015534) >> 64;
            if (x & 0x400000000000000 != 0) y = (y * 18647615946650685158) >> 64;
            if (x & 0x200000000000000 != 0) y = (y * 18546908069882975960) >> 64;
            if (x & 0x100000000000000 != 0) y = (y * 18496758270674070881) >> 64;
            if (x & 0x80000000000000 != 0) y = (y * 18471734244850835105) >> 64;
            if (x & 0x40000000000000 != 0) y = (y * 18459234930309000272) >> 64;
            if (x & 0x20000000000000 != 0) y = (y * 18452988445124272033) >> 64;
            if (x & 0x10000000000000 != 0) y = (y * 18449865995240371898) >> 64;
            if (x & 0x8000000000000 != 0) y = (y * 18448304968436414829) >> 64;
            if (x & 0x4000000000000 != 0) y = (y * 18447524504564044945) >> 64;
            if (x & 0x2000000000000 != 0) y = (y * 18447134285009651015) >> 64;
            if (x & 0x1000000000000 != 0) y = (y * 18446939178327825412) >> 64;
            if (x & 0x800000000000 != 0) y = (y * 18446841625760745902) >> 64;
            if (x & 0x400000000000 != 0) y = (y * 18446792849670663276) >> 64;
            if (x & 0x200000000000 != 0) y = (y * 18446768461673986097) >> 64;
            if (x & 0x100000000000 != 0) y = (y * 18446756267687738521) >> 64;
            if (x & 0x80000000000 != 0) y = (y * 18446750170697637485) >> 64;
            if (x & 0x40000000000 != 0) y = (y * 18446747122203342655) >> 64;
            if (x & 0x20000000000 != 0) y = (y * 18446745597956384161) >> 64;
            if (x & 0x10000000000 != 0) y = (y * 18446744835832952145) >> 64;
            if (x & 0x8000000000 != 0) y = (y * 18446744454771247944) >> 64;
            if (x & 0x4000000000 != 0) y = (y * 18446744264240398796) >> 64;
            if (x & 0x2000000000 != 0) y = (y * 18446744168974974960) >> 64;
            if (x & 0x1000000000 != 0) y = (y * 18446744121342263226) >> 64;
            if (x & 0x800000000 != 0) y = (y * 18446744097525907405) >> 64;
            if (x & 0x400000000 != 0) y = (y * 18446744085617729507) >> 64;
            if (x & 0x200000000 != 0) y = (y * 18446744079663640560) >> 64;
            if (x & 0x100000000 != 0) y = (y * 18446744076686596088) >> 64;
            return (y >> 32) << (day / HALF_LIFE_DAYS);
        }
    }

    /// @notice Vote weight that `burned` wei of fees are worth on a day: one unit per 10,000 wei on day 0.
    function weight(
        uint256 burned,
        uint32 day
    ) internal pure returns (uint256) {
        // slither-disable-next-line divide-before-multiply (weight counts whole units of 10,000 wei)
        return ((burned / 10_000) * exp2(day)) >> 32;
    }
}
