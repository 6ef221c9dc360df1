// The part of the package that is used here; its own types are of another entry.
declare module 'secp256k1/bindings.js' {
  const secp256k1: {
    /** Signs 32 bytes by RFC 6979, s in the lower half. @returns r ‖ s, and which of the two points r stands for */
    ecdsaSign(message: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: 0 | 1 | 2 | 3 };
    /**
     * The public key behind r ‖ s over 32 bytes, 65 bytes where it is not compressed. Throws for numbers outside the group,
     * and where no key is behind them.
     */
    ecdsaRecover(signature: Uint8Array, recid: number, message: Uint8Array, isCompressed: boolean): Uint8Array;
  };
  export default secp256k1;
}
