// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IContributionVotes} from "../../src/governance/IContributionVotes.sol";
import {Deployed} from "../Deployed.sol";

contract ContributionVotesTest is Deployed {
    function test_mint_delegatesToTheEarnerTheFirstTime() public {
        vm.expectEmit(address(votes));
        emit IContributionVotes.VotesMinted(alice, 5, 5);
        votes.mint(alice, 5);
        assertEq(votes.delegates(alice), alice);
        assertEq(votes.getVotes(alice), 5);
        assertEq(votes.votingUnits(alice), 5);
        assertEq(votes.delegatedSupply(), 5);
    }

    function test_mint_respectsAnEarlierChoice() public {
        vm.prank(alice);
        votes.delegate(bob);
        votes.mint(alice, 5);
        assertEq(votes.getVotes(bob), 5);
        assertEq(votes.getVotes(alice), 0);
    }

    function test_mint_leavesAloneWhoDelegatesToNobody() public {
        votes.mint(alice, 5);
        vm.prank(alice);
        votes.delegate(address(0));
        votes.mint(alice, 7);
        assertEq(votes.delegates(alice), address(0));
        assertEq(votes.delegatedSupply(), 0);
        tick();
        assertEq(votes.getPastTotalSupply(block.timestamp - 1), 12);
        assertEq(votes.getPastDelegatedSupply(block.timestamp - 1), 0);
    }

    function test_mint_onlyForTheRewardPool() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, mallory));
        vm.prank(mallory);
        votes.mint(mallory, 1);
        vm.prank(at("RewardPool"));
        votes.mint(alice, 1);
    }

    function test_mint_failsForNothing() public {
        vm.expectRevert(IContributionVotes.ContributionVotes_ZeroWeight.selector);
        votes.mint(alice, 0);
    }

    function test_mint_failsRatherThanOverflows() public {
        votes.mint(alice, type(uint208).max);
        vm.expectRevert();
        votes.mint(alice, 1);
    }

    function test_delegateBySig_movesVotesByASignature() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        votes.mint(owner, 9);
        (, string memory name, string memory version,,,,) = votes.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                address(votes)
            )
        );
        bytes32 body = keccak256(
            abi.encode(keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)"), bob, 0, block.timestamp)
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, body)));
        votes.delegateBySig(bob, 0, block.timestamp, v, r, s);
        assertEq(votes.getVotes(bob), 9);
    }

    /// @dev Delegated supply is the sum of everybody's votes, whatever is minted and whoever delegates to whom.
    function testFuzz_delegatedSupply_isTheSumOfVotes(
        uint8[12] memory acts,
        uint64[12] memory weights
    ) public {
        address[3] memory who = [alice, bob, mallory];
        for (uint256 i; i < acts.length; ++i) {
            address account = who[acts[i] % 3];
            if (acts[i] < 128) {
                if (weights[i] > 0) votes.mint(account, weights[i]);
            } else {
                address[4] memory to = [alice, bob, mallory, address(0)];
                vm.prank(account);
                votes.delegate(to[weights[i] % 4]);
            }
            assertEq(votes.delegatedSupply(), votes.getVotes(alice) + votes.getVotes(bob) + votes.getVotes(mallory));
        }
    }
}
