/** What scripts and tests deploy from `out` (script/Artifacts.sol), and nothing else. */
export declare const deployable: string[];
