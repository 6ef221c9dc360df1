// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessGrants} from "../../src/datanets/IAccessGrants.sol";
import {IDatanetRegistry} from "../../src/datanets/IDatanetRegistry.sol";
import {Deployed} from "../Deployed.sol";

contract AccessGrantsTest is Deployed {
    IAccessGrants.Purpose internal constant TRAIN = IAccessGrants.Purpose.Train;
    IAccessGrants.Purpose internal constant RETRIEVE = IAccessGrants.Purpose.Retrieve;

    address internal signer;
    uint256 internal signerKey;
    uint32 internal id;

    function setUp() public override {
        super.setUp();
        (signer, signerKey) = makeAddrAndKey("signing provider");
        id = createDatanet();
    }

    function test_grant_livesFromApprovalToExpiry() public {
        vm.prank(developer);
        uint32 g = grants.request(id, TRAIN, "bafkreiterms");
        assertFalse(grants.isLive(g, id, TRAIN, developer));
        uint64 expiry = uint64(block.timestamp + 100);
        vm.expectEmit(address(grants));
        emit IAccessGrants.GrantApproved(g, id, provider, developer, TRAIN, expiry, 0);
        vm.prank(provider);
        grants.approve(g, expiry);
        assertTrue(grants.isLive(g, id, TRAIN, developer));
        assertFalse(grants.isLive(g, id, RETRIEVE, developer));
        assertFalse(grants.isLive(g, id, TRAIN, mallory));
        assertFalse(grants.isLive(g, id + 1, TRAIN, developer));
        vm.warp(expiry);
        assertFalse(grants.isLive(g, id, TRAIN, developer));
        assertEq(grants.grantCount(), 1);
        assertEq(grants.grant(g).expiry, expiry);
    }

    function test_request_failsForAnUnknownDatanet() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_UnknownDatanet.selector, 99));
        grants.request(99, TRAIN, "");
    }

    function test_request_failsForRetrievalThatIsNotAllowed() public {
        uint32 closed = createDatanet(IDatanetRegistry.Policy.Open, false);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_RetrievalNotAllowed.selector, closed));
        grants.request(closed, RETRIEVE, "");
    }

    function test_approve_failsForOthersThanTheProvider() public {
        vm.startPrank(developer);
        uint32 g = grants.request(id, TRAIN, "");
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_NotProvider.selector, g, developer));
        grants.approve(g, uint64(block.timestamp + 1));
    }

    function test_approve_failsWhenAlreadyExpired() public {
        vm.prank(developer);
        uint32 g = grants.request(id, TRAIN, "");
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_Expired.selector, block.timestamp));
        vm.prank(provider);
        grants.approve(g, uint64(block.timestamp));
    }

    function test_rejectRequest_endsARequest() public {
        vm.prank(developer);
        uint32 g = grants.request(id, TRAIN, "");
        vm.startPrank(provider);
        vm.expectEmit(address(grants));
        emit IAccessGrants.GrantRejected(g, id, provider, "no licence");
        grants.rejectRequest(g, "no licence");
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessGrants.AccessGrants_InvalidStatus.selector, g, IAccessGrants.GrantStatus.Rejected
            )
        );
        grants.approve(g, uint64(block.timestamp + 1));
    }

    function test_revoke_endsTrainingAtOnce() public {
        uint32 g = grantTo(developer, id, TRAIN);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_NotProvider.selector, g, mallory));
        vm.prank(mallory);
        grants.revoke(g);
        vm.prank(provider);
        grants.revoke(g);
        assertFalse(grants.isLive(g, id, TRAIN, developer));
    }

    function test_revoke_endsRetrievalAfterAnHour() public {
        uint32 g = grantTo(developer, id, RETRIEVE);
        vm.prank(provider);
        grants.revoke(g);
        vm.warp(block.timestamp + 1 hours - 1);
        assertTrue(grants.isLive(g, id, RETRIEVE, developer));
        tick();
        assertFalse(grants.isLive(g, id, RETRIEVE, developer));
    }

    function test_redeem_paysTheProviderAndGrants() public {
        id = _signersDatanet();
        uint64 expiry = uint64(block.timestamp + 100);
        bytes memory signature = _sign(signerKey, id, developer, expiry, 5e18, 1);
        uint256 before = token.balanceOf(developer);
        vm.prank(developer);
        uint32 g = grants.redeem(id, TRAIN, expiry, 5e18, 1, signature);
        assertTrue(grants.isLive(g, id, TRAIN, developer));
        assertEq(token.balanceOf(signer), 5e18);
        assertEq(token.balanceOf(developer), before - 5e18);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_NonceUsed.selector, signer, 1));
        vm.prank(developer);
        grants.redeem(id, TRAIN, expiry, 5e18, 1, signature);
    }

    function test_redeem_failsForAnybodyElseOrOtherTerms() public {
        id = _signersDatanet();
        uint64 expiry = uint64(block.timestamp + 100);
        bytes memory signature = _sign(signerKey, id, developer, expiry, 5e18, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_InvalidSignature.selector, signer));
        vm.prank(mallory);
        grants.redeem(id, TRAIN, expiry, 5e18, 1, signature);
        vm.startPrank(developer);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_InvalidSignature.selector, signer));
        grants.redeem(id, TRAIN, expiry, 0, 1, signature);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_InvalidSignature.selector, signer));
        grants.redeem(id, RETRIEVE, expiry, 5e18, 1, signature);
        vm.warp(expiry);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_Expired.selector, expiry));
        grants.redeem(id, TRAIN, expiry, 5e18, 1, signature);
    }

    function testFuzz_redeem_needsTheProvidersKey(
        uint256 key
    ) public {
        id = _signersDatanet();
        key = boundPrivateKey(key);
        vm.assume(key != signerKey);
        uint64 expiry = uint64(block.timestamp + 100);
        bytes memory signature = _sign(key, id, developer, expiry, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessGrants.AccessGrants_InvalidSignature.selector, signer));
        vm.prank(developer);
        grants.redeem(id, TRAIN, expiry, 0, 1, signature);
    }

    function _signersDatanet() private returns (uint32) {
        vm.prank(signer);
        return datanets.create(IDatanetRegistry.Policy.Open, true, 0, address(reviewers), "Signed", "", "", "");
    }

    function _sign(
        uint256 key,
        uint32 datanetId,
        address requester,
        uint64 expiry,
        uint96 price,
        uint256 nonce
    ) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                address(grants)
            )
        );
        bytes32 body = keccak256(
            abi.encode(
                keccak256(
                    "Grant(uint32 datanetId,uint8 purpose,address requester,uint64 expiry,uint96 price,uint256 nonce)"
                ),
                datanetId,
                uint8(0),
                requester,
                expiry,
                price,
                nonce
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, body)));
        return abi.encodePacked(r, s, v);
    }
}
