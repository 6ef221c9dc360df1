// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Votes of one proposal in both parts of voting power, each against, for, abstain (of 1e18 together).
struct Tally {
    uint128[3] contribution;
    uint128[3] capital;
    mapping(address voter => bool) hasVoted;
}

/// @notice When votes carry a proposal.
library ProposalTallies {
    uint8 internal constant AGAINST = 0;
    uint8 internal constant FOR = 1;
    uint8 internal constant ABSTAIN = 2;

    function add(
        Tally storage tally,
        uint8 support,
        uint256 contribution,
        uint256 capital
    ) internal {
        // parts are at most 1e18
        tally.contribution[support] += uint128(contribution);
        tally.capital[support] += uint128(capital);
    }

    /// @return the power behind `support`, both parts together
    function total(
        Tally storage tally,
        uint8 support
    ) internal view returns (uint256) {
        return uint256(tally.contribution[support]) + tally.capital[support];
    }

    /// @notice Majority of the whole and, with `twoMajorities`, of each part that somebody could have voted.
    function carried(
        Tally storage tally,
        bool twoMajorities,
        bool hasContribution,
        bool hasCapital
    ) internal view returns (bool) {
        if (total(tally, FOR) <= total(tally, AGAINST)) return false;
        if (!twoMajorities) return true;
        if (hasContribution && tally.contribution[FOR] <= tally.contribution[AGAINST]) return false;
        return !hasCapital || tally.capital[FOR] > tally.capital[AGAINST];
    }

    function inParts(
        Tally storage tally
    ) internal view returns (uint256[3] memory contribution, uint256[3] memory capital) {
        for (uint256 support; support < 3; ++support) {
            contribution[support] = tally.contribution[support];
            capital[support] = tally.capital[support];
        }
    }
}
