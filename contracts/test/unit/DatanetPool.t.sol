// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DatanetPool} from "../../src/datanets/DatanetPool.sol";
import {IDatanetPool} from "../../src/datanets/IDatanetPool.sol";
import {Deployed} from "../Deployed.sol";

contract DatanetPoolTest is Deployed {
    DatanetPool internal pool;
    uint32 internal id;

    function setUp() public override {
        super.setUp();
        id = createDatanet();
        pool = poolOf(id);
    }

    function test_claim_paysByRecordsAtTheTimeTheMoneyCame() public {
        accept(contribute(id, alice, "one", 10));
        token.mint(address(pool), 100e18); // all alice's
        accept(contribute(id, bob, "two", 30));
        token.mint(address(pool), 40e18); // 10 : 30
        assertEq(pool.claimable(alice), 110e18);
        assertEq(pool.claimable(bob), 30e18);
        uint256 before = token.balanceOf(alice);
        vm.expectEmit(address(pool));
        emit IDatanetPool.PoolClaimed(alice, 110e18);
        vm.prank(anyone);
        assertEq(pool.claim(alice), 110e18);
        assertEq(token.balanceOf(alice), before + 110e18);
        assertEq(pool.claim(bob), 30e18);
        assertEq(token.balanceOf(address(pool)), 0);
    }

    function test_claim_paysNothingTwiceOrToStrangers() public {
        accept(contribute(id, alice, "one", 10));
        token.mint(address(pool), 1e18);
        pool.claim(alice);
        assertEq(pool.claim(alice), 0);
        assertEq(pool.claim(mallory), 0);
    }

    function test_money_waitsForTheFirstRecord() public {
        token.mint(address(pool), 5e18);
        assertEq(pool.claim(alice), 0);
        accept(contribute(id, alice, "one", 10));
        assertEq(pool.claimable(alice), 5e18);
        assertEq(pool.claim(alice), 5e18);
    }

    function test_addRecords_failsForOthersThanTheRegistry() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetPool.DatanetPool_NotRegistry.selector, mallory));
        vm.prank(mallory);
        pool.addRecords(mallory, 1);
    }

    function test_removeRecords_failsForOthersThanTheRegistry() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetPool.DatanetPool_NotRegistry.selector, mallory));
        vm.prank(mallory);
        pool.removeRecords(alice, 1);
    }

    function test_revokedRecords_keepWhatTheyEarnedAndEarnNoMore() public {
        uint32 one = contribute(id, alice, "one", 10);
        accept(one);
        accept(contribute(id, bob, "two", 30));
        token.mint(address(pool), 40e18); // 10 : 30
        vm.prank(alice);
        datanets.revoke(one);
        assertEq(pool.recordsOf(alice), 0);
        assertEq(pool.totalRecords(), 30);
        token.mint(address(pool), 6e18); // all bob's
        assertEq(pool.claim(alice), 10e18);
        assertEq(pool.claim(bob), 36e18);
        assertEq(token.balanceOf(address(pool)), 0);
    }

    function test_moneyAfterTheLastRecordWasRevoked_waitsForTheNext() public {
        uint32 one = contribute(id, alice, "one", 10);
        accept(one);
        token.mint(address(pool), 1e18);
        vm.prank(alice);
        datanets.revoke(one);
        token.mint(address(pool), 7e18);
        assertEq(pool.claimable(alice), 1e18);
        assertEq(pool.claim(alice), 1e18);
        assertEq(pool.claim(alice), 0);
        accept(contribute(id, bob, "two", 10));
        assertEq(pool.claim(bob), 7e18);
        assertEq(pool.claim(alice), 0);
    }

    function testFuzz_claims_neverExceedWhatCame(
        uint96[4] memory money,
        uint16[4] memory records
    ) public {
        address[2] memory who = [alice, bob];
        uint256 came;
        for (uint256 i; i < 4; ++i) {
            uint256 amount = bound(money[i], 0, 1e24);
            came += amount;
            token.mint(address(pool), amount);
            uint32 added = uint32(bound(records[i], 1, 20_000));
            vm.startPrank(address(datanets));
            pool.addRecords(who[i % 2], added);
            if (i > 1) {
                pool.removeRecords(who[i % 2], uint32(bound(uint256(keccak256(abi.encode(money, i))), 0, added)));
            }
            vm.stopPrank();
        }
        token.mint(address(pool), 1e24);
        came += 1e24;
        uint256 owed = pool.claimable(alice) + pool.claimable(bob);
        assertLe(owed, came);
        assertGe(owed + 10, came); // what floors leave
        assertEq(pool.claim(alice) + pool.claim(bob), owed);
    }
}
