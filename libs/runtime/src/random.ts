/** The only door to randomness. */
export interface Random {
  /** Fills a new array with random bytes. */
  bytes(count: number): Uint8Array
  /** `length` characters out of a-z and 0-9. */
  text(length: number): string
  /** Uniform in [0, 1). For jitter only. */
  fraction(): number
}
