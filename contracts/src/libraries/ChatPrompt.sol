// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice Prompts as operators read them: the RFC 8785 JSON of chat messages (docs/wire.md).
library ChatPrompt {
    /// @notice A question alone.
    /// @param content UTF-8
    function user(
        string memory content
    ) internal pure returns (bytes memory) {
        return bytes.concat("[", _message("user", content), "]");
    }

    /// @notice A question after an instruction that says how to answer.
    function instructed(
        string memory instruction,
        string memory content
    ) internal pure returns (bytes memory) {
        return bytes.concat("[", _message("system", instruction), ",", _message("user", content), "]");
    }

    function _message(
        bytes memory role,
        string memory content
    ) private pure returns (bytes memory) {
        return bytes.concat('{"content":"', bytes(Strings.escapeJSON(content)), '","role":"', role, '"}');
    }
}
