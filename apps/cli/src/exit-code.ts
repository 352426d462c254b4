/** How the process ends, so that a script can tell what to do about it. */
export const EXIT_CODES = {
  ok: 0,
  /** It was understood and did not succeed; doing the same again will not help. */
  error: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The key is missing, unknown, or not an admin's. */
  auth: 4,
  /** Something does not answer at the moment; the same command may succeed later. */
  unavailable: 5,
} as const

export type ExitCode = keyof typeof EXIT_CODES
